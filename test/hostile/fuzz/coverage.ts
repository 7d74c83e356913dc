/**
 * Bundles our sources with a counter in every branch, so that a fuzzer sees which inputs reach new code. Jazzer.js does the
 * same with a native addon, whose binaries need a newer glibc than the oldest systems that we support.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import ts from 'typescript'

const root = join(import.meta.dirname, '..', '..', '..')
/** Of the counters, in the bundle and for whoever reads them. */
export const hitsName = 'oncewireHits'
/** More than our sources have branches. */
export const hitsMax = 1 << 15

export interface Bundled {
  /** Words, names and numbers of the sources: what mutations put in. */
  readonly dictionary: readonly string[]
  readonly counterCount: number
}

/** Writes `entry` and all it imports into one file for Node. */
export async function bundle(entry: string, outfile: string, counted: RegExp | undefined): Promise<Bundled> {
  const counters = new Counters()
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: false,
    logLevel: 'warning',
    packages: 'external',
    alias: { 'oncewire/stub/v1': join(root, 'src/rpc/stub-v1.ts') },
    banner: { js: `const ${hitsName} = (globalThis.${hitsName} ??= new Uint8Array(${hitsMax}));` },
    plugins: counted === undefined ? [] : [counters.plugin(counted)],
  })
  return { dictionary: [...counters.literals], counterCount: counters.count }
}

class Counters {
  count = 0
  readonly literals = new Set<string>()

  plugin(files: RegExp): Plugin {
    return {
      name: 'count-branches',
      setup: ({ onLoad }) => {
        onLoad({ filter: files }, ({ path }) => ({ loader: 'js', contents: this.instrumented(path) }))
      },
    }
  }

  private instrumented(path: string): string {
    const { outputText } = ts.transpileModule(readFileSync(path, 'utf8'), {
      fileName: path,
      compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true },
      transformers: { before: [(context) => (file) => this.visit(file, context)] },
    })
    return outputText
  }

  private visit<T extends ts.Node>(node: T, context: ts.TransformationContext): T {
    const { factory } = context
    const step = (child: ts.Node): ts.Node => {
      if (ts.isStringLiteral(child)) this.literals.add(child.text)
      const visited = ts.visitEachChild(child, step, context)
      return this.counted(visited, factory)
    }
    return ts.visitEachChild(node, step, context)
  }

  private counted(node: ts.Node, factory: ts.NodeFactory): ts.Node {
    if (ts.isBlock(node)) return factory.updateBlock(node, [this.statement(factory), ...node.statements])
    if (ts.isCaseClause(node)) {
      return factory.updateCaseClause(node, node.expression, [this.statement(factory), ...node.statements])
    }
    if (ts.isIfStatement(node)) {
      const { expression, thenStatement, elseStatement } = node
      const otherwise = elseStatement ?? factory.createEmptyStatement()
      return factory.updateIfStatement(
        node,
        expression,
        this.blockOf(thenStatement, factory),
        this.blockOf(otherwise, factory),
      )
    }
    if (ts.isConditionalExpression(node)) {
      const { condition, questionToken, whenTrue, colonToken, whenFalse } = node
      const [one, other] = [this.expression(whenTrue, factory), this.expression(whenFalse, factory)]
      return factory.updateConditionalExpression(node, condition, questionToken, one, colonToken, other)
    }
    if (ts.isBinaryExpression(node) && shortCircuits.has(node.operatorToken.kind)) {
      return factory.updateBinaryExpression(node, node.left, node.operatorToken, this.expression(node.right, factory))
    }
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken, body } = node
      const counted = this.expression(body, factory)
      return factory.updateArrowFunction(
        node,
        modifiers,
        typeParameters,
        parameters,
        type,
        equalsGreaterThanToken,
        counted,
      )
    }
    return node
  }

  private blockOf(statement: ts.Statement, factory: ts.NodeFactory): ts.Statement {
    if (ts.isBlock(statement)) return statement
    return factory.createBlock([this.statement(factory), statement], true)
  }

  private expression(expression: ts.Expression, factory: ts.NodeFactory): ts.Expression {
    return factory.createParenthesizedExpression(factory.createComma(this.hit(factory), expression))
  }

  private statement(factory: ts.NodeFactory): ts.Statement {
    return factory.createExpressionStatement(this.hit(factory))
  }

  private hit(factory: ts.NodeFactory): ts.Expression {
    const number = this.count++
    if (number >= hitsMax) throw new Error(`more than ${hitsMax} branches: raise hitsMax`)
    return factory.createPostfixIncrement(
      factory.createElementAccessExpression(factory.createIdentifier(hitsName), number),
    )
  }
}

const shortCircuits: ReadonlySet<ts.SyntaxKind> = new Set([
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
])
