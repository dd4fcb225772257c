/**
 * The titles of the movies, from the bytes of a titles file: lines of `id,year,title`. Promises the first title of
 * every id, ready for every output, and a word on each kind of line that it could not use. Where the bytes come from,
 * and what becomes of movies without a title, is left alone.
 */
import { stateError } from "../errors.ts";
import { MOVIE_ID_MAX } from "../shard/rating.ts";
import { decodeTitles, type FoundEncoding, type TitlesEncoding } from "./titles-encoding.ts";

export type { TitlesEncoding } from "./titles-encoding.ts";

export interface Titles {
  /** By movie id. Up to `TITLE_LENGTH_MAX`, free of U+0000, which neither database nor every reader can hold. */
  readonly titles: Map<number, string>;
  /** For the log: what was found wrong with the file, at most `WARNINGS_MAX + 1` a kind. */
  readonly warnings: string[];
  readonly encoding: FoundEncoding;
}

/** Lines of one kind that are named one by one; the rest are counted. */
const WARNINGS_MAX = 10;
/** Width of the result table's `title`, in characters as databases count them: code points. */
export const TITLE_CHARACTERS_MAX = 128;
/** A longer title would not go into a record of a topic, and is none: a file whose lines do not end, perhaps. */
export const TITLE_LENGTH_MAX = 100_000;

/** Any three columns, the first of them no number, whatever quotes or blanks are around it. */
const HEADER_LINE = /^(?!["'\s]*[-+]?\d[\d.]*["'\s]*,)[^,]*,[^,]*,/;

/**
 * Reads the lines of a titles file; `source` names it in errors and warnings. A line ends with LF or CRLF. The title
 * is all that follows the second comma, commas and blanks included, and so may be empty, unless all of that is one
 * quoted field (RFC 4180): then it is what the quotes hold. A title does not go on over a line's end. The year may be
 * anything. Blank lines, and a header with whatever names, are skipped; lines that are no title line or have one longer
 * than `TITLE_LENGTH_MAX`, and later lines of an id, are warned of. Exit 2 and 4 as `decodeTitles`; exit 4 for a binary
 * file.
 */
export function parseTitles(bytes: Uint8Array, asked: TitlesEncoding, source = "the titles file"): Titles {
  const { text, encoding } = decodeTitles(bytes, asked, source);
  const titles = new Map<number, string>();
  const repeated = new Warnings(source, "lines skipped that repeat an earlier id");
  const unknown = new Warnings(source, "lines skipped that are no title line");
  const hasNul = text.includes("\0");
  let lineNumber = 0;
  let beforeFirst = true;
  for (const line of lines(text)) {
    lineNumber++;
    if (line === "") continue;
    const mayBeHeader = beforeFirst;
    beforeFirst = false;
    const [movieId, title] = columns(line);
    if (movieId === undefined) {
      if (mayBeHeader && HEADER_LINE.test(line)) continue;
      unknown.add(lineNumber, () => `it is not id,year,title with an id of 1 to ${MOVIE_ID_MAX}`);
    } else if (title.length > TITLE_LENGTH_MAX) {
      unknown.add(lineNumber, () => `its title is longer than ${TITLE_LENGTH_MAX} characters`);
    } else if (titles.has(movieId)) {
      repeated.add(lineNumber, () => `movie ${movieId} has its title on line ${firstLineOf(movieId, text)}`);
    } else {
      titles.set(movieId, hasNul ? withoutNul(unquote(title)) : unquote(title));
    }
  }
  // A stray U+0000 in a title is left out of it; a file of other bytes altogether holds no titles.
  if (titles.size === 0 && hasNul) {
    throw stateError(`${source} is a binary file`, "give a text file with lines of id,year,title");
  }
  return { titles, warnings: [...unknown.texts(), ...repeated.texts()], encoding };
}

/** A title as the result table can hold it: without U+0000, and no longer than 128 characters. */
export function cutTitle(title: string): string {
  // No string has more characters than UTF-16 units, so most need no counting.
  if (title.length <= TITLE_CHARACTERS_MAX && !title.includes("\0")) return title;
  return Array.from(withoutNul(title)).slice(0, TITLE_CHARACTERS_MAX).join("");
}

function withoutNul(text: string): string {
  return text.replaceAll("\0", "");
}

/** What the quotes of an RFC 4180 field hold; text that is no such field as it is. */
function unquote(text: string): string {
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  const quoted = text.slice(1, -1);
  const hasLoneQuote = quoted.replaceAll('""', "").includes('"');
  return hasLoneQuote ? text : quoted.replaceAll('""', '"');
}

/** The id of a title line and its title as it stands there; no id where it is no such line. */
function columns(line: string): [movieId: number | undefined, title: string] {
  const idEnd = line.indexOf(",");
  const yearEnd = line.indexOf(",", idEnd + 1);
  if (idEnd === -1 || yearEnd === -1) return [undefined, ""];
  const id = line.slice(0, idEnd);
  const movieId = Number(id);
  const isId = Number.isInteger(movieId) && movieId >= 1 && movieId <= MOVIE_ID_MAX && String(movieId) === id;
  return [isId ? movieId : undefined, line.slice(yearEnd + 1)];
}

/** Number of the line that has the movie's title. */
function firstLineOf(movieId: number, text: string): number {
  let lineNumber = 0;
  for (const line of lines(text)) {
    lineNumber++;
    const [id, title] = columns(line);
    if (id === movieId && title.length <= TITLE_LENGTH_MAX) return lineNumber;
  }
  throw new Error("a movie that has a title has it on a line");
}

/** The lines of a text without their ends, one at a time; a last one without an end counts too. */
function* lines(text: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const lineFeed = text.indexOf("\n", start);
    const end = lineFeed === -1 ? text.length : lineFeed;
    yield text.slice(start, text[end - 1] === "\r" && end > start ? end - 1 : end);
    start = end + 1;
  }
}

/** Warnings of one kind: the first ones as they are, then only how many. */
class Warnings {
  readonly #source: string;
  readonly #kind: string;
  readonly #named: string[] = [];
  #count = 0;

  constructor(source: string, kind: string) {
    this.#source = source;
    this.#kind = kind;
  }

  /** `why` is asked only where it is shown. */
  add(lineNumber: number, why: () => string): void {
    this.#count++;
    if (this.#named.length < WARNINGS_MAX) this.#named.push(`${this.#source}, line ${lineNumber}: skipped, ${why()}`);
  }

  texts(): string[] {
    const unnamed = this.#count - this.#named.length;
    return unnamed === 0 ? this.#named : [...this.#named, `${this.#source}: ${unnamed} more ${this.#kind}`];
  }
}
