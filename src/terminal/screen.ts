/**
 * stderr, shared by the log and the progress display: lines that stay, and on a terminal one status line below them
 * that is rewritten in place. It never blocks the work and never fails it: a closed stderr is no error.
 */

/** The width assumed for a terminal that does not tell its own. */
const WIDTH_DEFAULT = 80;
/** Back to the start of the line, and all of it erased. */
const ERASE_LINE = "\r\u001b[2K";

export class Screen {
  readonly isTerminal: boolean;
  readonly #stream: NodeJS.WriteStream;
  #status = "";

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
    this.isTerminal = stream.isTTY === true;
    // Whoever read our stderr may have gone; the work matters more than its log.
    stream.on("error", () => {});
  }

  /** Characters a line has room for. */
  get width(): number {
    return this.#stream.columns || WIDTH_DEFAULT;
  }

  /** Shows `line` below all that was written, replacing the one before; "" removes it. Does nothing off a terminal. */
  status(line: string): void {
    if (!this.isTerminal) return;
    const cut = line.slice(0, this.width - 1);
    if (cut === this.#status) return;
    this.#status = cut;
    this.#stream.write(ERASE_LINE + cut);
  }

  /** Writes whole lines that stay, above the status line. */
  write(lines: string): void {
    this.#stream.write(this.#status === "" ? lines : ERASE_LINE + lines + this.#status);
  }
}
