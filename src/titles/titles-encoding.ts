/**
 * The character encoding of a titles file: which one it is, and its text. UTF-8 wherever the bytes are that, since
 * other text hardly ever is by chance; else Windows-1250 or Latin-1 (ISO-8859-1), as the user says or, with `auto`, as
 * the bytes tell. A byte order mark is taken off. What the text says is left alone.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { stateError, usageError } from "../errors.ts";

/** What the user may ask for. */
export type TitlesEncoding = "auto" | "utf-8" | "windows-1250" | "latin-1";

/** What a file turns out to be. */
export type FoundEncoding = Exclude<TitlesEncoding, "auto">;

interface DecodedText {
  readonly text: string;
  readonly encoding: FoundEncoding;
}

const LINE_FEED = 0x0a;
/** The byte order mark as UTF-8 has it, and as UTF-16 has it in either order. */
const UTF8_MARK = Uint8Array.of(0xef, 0xbb, 0xbf);
const UTF16_MARKS = [Uint8Array.of(0xff, 0xfe), Uint8Array.of(0xfe, 0xff)];

/**
 * The text of `bytes`; `source` names them in errors. Exit 2 where UTF-8 was asked for and they are not, naming the
 * first wrong byte; exit 4 for UTF-16, which no setting reads.
 */
export function decodeTitles(bytes: Uint8Array, asked: TitlesEncoding, source: string): DecodedText {
  if (UTF16_MARKS.some((mark) => startsWith(bytes, mark))) {
    throw stateError(`${source} is UTF-16 text`, "save it as UTF-8");
  }
  const marked = startsWith(bytes, UTF8_MARK);
  const content = marked ? bytes.subarray(UTF8_MARK.length) : bytes;
  if (isUtf8(content)) {
    return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(content), encoding: "utf-8" };
  }
  if (asked === "utf-8") {
    const firstWrong = firstNonUtf8(content);
    const byte = firstWrong + (marked ? UTF8_MARK.length : 0) + 1;
    throw usageError(
      `${source} is not UTF-8: byte ${byte} (on line ${lineOf(content, firstWrong)}) cannot stand there`,
      "leave --titles-encoding on auto, or set it to windows-1250 or latin-1",
    );
  }
  const latin1 = decodeLatin1(content);
  const encoding = asked === "auto" ? guessSingleByte(latin1) : asked;
  return { text: encoding === "latin-1" ? latin1 : decodeWindows1250(content), encoding };
}

/**
 * Windows-1250 or Latin-1, by what would make no sense in Latin-1:
 * - the bytes 80 to 9F, control characters there and `Š`, `ś`, `ž`, dashes and curly quotes in Windows-1250;
 * - signs that are letters in Windows-1250, next to a letter: `³` in `Micha³` is `ł`. Left out are those that Latin-1
 *   does write next to a letter: `¿Qué`, `Nº`, `1ª`.
 * Letters in both, such as F1 (`ñ` or `ń`), tell nothing; without a sign the file is Latin-1, as the original was.
 */
function guessSingleByte(latin1: string): FoundEncoding {
  for (const { index: at } of latin1.matchAll(/[\x80-\xff]/g)) {
    const byte = latin1.charCodeAt(at);
    if (byte <= 0x9f) return "windows-1250";
    const letterBefore = isLetter(latin1.charCodeAt(at - 1));
    const letterAfter = isLetter(latin1.charCodeAt(at + 1));
    switch (byte) {
      case 0xa3: // £ or Ł
      case 0xa5: // ¥ or Ą
      case 0xaf: // ¯ or Ż
      case 0xb3: // ³ or ł
      case 0xb9: // ¹ or ą
      case 0xbc: // ¼ or Ľ
      case 0xbe: // ¾ or ľ
        if (letterBefore || letterAfter) return "windows-1250";
        break;
      case 0xaa: // ª or Ş
      case 0xba: // º or ş
        if (letterAfter) return "windows-1250";
        break;
      case 0xbf: // ¿ or ż
        if (letterBefore) return "windows-1250";
        break;
    }
  }
  return "latin-1";
}

/** Whether a byte is a letter in Latin-1 and in Windows-1250 alike; NaN, where there is none, is not. */
function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || (byte >= 0xc0 && byte !== 0xd7 && byte !== 0xf7);
}

/** TextDecoder's "latin1" is Windows-1252: it would turn the bytes 80 to 9F into other characters. */
function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function decodeWindows1250(bytes: Uint8Array): string {
  return new TextDecoder("windows-1250").decode(bytes);
}

/** Index of the first byte that is no part of a UTF-8 character (RFC 3629). No library gives the place. */
function firstNonUtf8(bytes: Uint8Array): number {
  let at = 0;
  while (at < bytes.length) {
    const lead = bytes[at];
    const length = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
    if (length === 0) return at;
    for (let next = 1; next < length; next++) {
      if ((bytes[at + next] & 0xc0) !== 0x80) return at;
    }
    // Too long a form of a smaller number, a surrogate half, or more than U+10FFFF.
    const second = bytes[at + 1];
    if (lead === 0xe0 && second < 0xa0) return at;
    if (lead === 0xed && second > 0x9f) return at;
    if (lead === 0xf0 && second < 0x90) return at;
    if (lead === 0xf4 && second > 0x8f) return at;
    at += length;
  }
  throw new Error("bytes that are not UTF-8 have a first wrong one");
}

function lineOf(bytes: Uint8Array, index: number): number {
  let line = 1;
  for (let at = 0; at < index; at++) if (bytes[at] === LINE_FEED) line++;
  return line;
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}
