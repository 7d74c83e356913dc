/**
 * Every statement of the ledger on PostgreSQL, taken out of its source: what is compared is what is sent.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import ts from 'typescript'
import type { Statement } from '../../src/ledger/postgres-pool.ts'

const folder = join(import.meta.dirname, '../../src/ledger')

/** By name. Texts are put together of constants of the same folder, all of them strings. */
export function ledgerStatements(): Map<string, Statement> {
  const constants: string[] = []
  const found: string[] = []
  for (const file of readdirSync(folder).filter((name) => /^postgres.*(?<!\.test)\.ts$/.test(name))) {
    const text = readFileSync(join(folder, file), 'utf8')
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
    const visit = (node: ts.Node): void => {
      if (ts.isVariableDeclaration(node) && isText(node.initializer) && node.parent.parent.parent === source)
        constants.push(`const ${node.name.getText()} = ${node.initializer.getText()}`)
      if (ts.isObjectLiteralExpression(node) && isStatement(node)) found.push(node.getText())
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  // Those that others are made of come first, wherever they stand.
  constants.sort((one, other) => one.split('${').length - other.split('${').length)
  const script = `(() => {\n${constants.join('\n')}\nreturn [${found.join(',')}]\n})()`
  const statements = runInNewContext(script) as Statement[]
  return new Map(statements.map((statement) => [statement.name, statement]))
}

function isText(node: ts.Expression | undefined): node is ts.Expression {
  return node !== undefined && (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node))
}

function isStatement(node: ts.ObjectLiteralExpression): boolean {
  const [name, text] = node.properties
  return name?.getText().startsWith(`name: 'oncewire_`) === true && text?.getText().startsWith('text:') === true
}
