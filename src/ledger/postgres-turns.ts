/**
 * Calls of this process that would wait for each other in the database wait here instead, without a connection.
 *
 * Invariant: those of one name one at a time, in the order in which they came. It saves connections; what keeps servers
 * apart are the locks in the database.
 */

export class Turns {
  private readonly last = new Map<string, Promise<void>>()

  /** Answers what ends the turn. Names are always given in the same order, or two might wait for each other. */
  async enter(names: readonly string[]): Promise<() => void> {
    const leaves: (() => void)[] = []
    for (const name of names) leaves.push(await this.enterOne(name))
    return () => {
      for (const leave of leaves) leave()
    }
  }

  private async enterOne(name: string): Promise<() => void> {
    const before = this.last.get(name)
    let end = (): void => {}
    const mine = new Promise<void>((resolve) => (end = resolve))
    this.last.set(name, mine)
    await before
    return () => {
      if (this.last.get(name) === mine) this.last.delete(name)
      end()
    }
  }
}
