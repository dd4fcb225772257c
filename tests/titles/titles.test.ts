/** What a titles file says: encodings, headers, commas, quotes, lines that are wrong; and how a title is cut. */
import { describe, expect, test } from "bun:test";
import { Buffer } from "node:buffer";
import { cutTitle, parseTitles, TITLE_LENGTH_MAX, type Titles, type TitlesEncoding } from "../../src/titles/titles.ts";
import { failure } from "../failure.ts";
import { Random } from "../generate/random.ts";
import { oracleTitles } from "../oracle/title.ts";

const seed = Number(process.env.TEST_SEED ?? Date.now() % 2 ** 32);

/** The bytes 80 to FF of Windows-1250 after the Unicode Consortium's table; what is undefined there is a control. */
const WINDOWS_1250 =
  "€\x81‚\x83„…†‡\x88‰Š‹ŚŤŽŹ\x90‘’“”•–—\x98™š›śťžź\xa0ˇ˘Ł¤Ą¦§¨©Ş«¬\xad®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż" +
  "ŔÁÂĂÄĹĆÇČÉĘËĚÍÎĎĐŃŇÓÔŐÖ×ŘŮÚŰÜÝŢßŕáâăäĺćçčéęëěíîďđńňóôőö÷řůúűüýţ˙";

function windows1250(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => {
    const high = WINDOWS_1250.indexOf(character);
    return high === -1 ? character.charCodeAt(0) : high + 0x80;
  });
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "latin1"));
}

function read(text: string): Titles {
  return parseTitles(Uint8Array.from(Buffer.from(text, "utf8")), "auto");
}

function titleOf(line: string): string | undefined {
  return read(`${line}\n`).titles.get(1);
}

const failureOf = (bytes: Uint8Array, encoding: TitlesEncoding) =>
  failure(() => parseTitles(bytes, encoding, "the titles file t.csv"));

describe("the title", () => {
  test.each([
    ["1,2003,Dinosaur Planet", "Dinosaur Planet"],
    ["1,2003,Newts, Toads, and Other Gentlemen", "Newts, Toads, and Other Gentlemen"],
    ["1,2003,  blanks stay ", "  blanks stay "],
    ["1,NULL,No Year", "No Year"],
    ["1,,No Year", "No Year"],
    ["1,2003,", ""],
    ["1,2003,,", ","],
    ['1,2003,"Quoted, with a comma"', "Quoted, with a comma"],
    ['1,2003,"a ""b"" c"', 'a "b" c'],
    ['1,2003,""', ""],
    ['1,2003,""""', '"'],
    ['1,2003,"', '"'],
    ['1,2003,The "Quiet" Year', 'The "Quiet" Year'],
    ['1,2003,"Hush" and "Shush"', '"Hush" and "Shush"'],
    ['1,2003,"Weird" Al', '"Weird" Al'],
    ['1,2003,"a","b"', '"a","b"'],
    ['1,2003, "a"', ' "a"'],
    ["1,2003,It's 1\tTab", "It's 1\tTab"],
    ["1,2003,\0A\0B", "AB"],
  ])("of %p is %p", (line, title) => {
    expect(titleOf(line)).toBe(title);
    expect(titleOf(`${line}\r`)).toBe(title);
  });

  test("of the last line needs no line end", () => {
    expect([...read("1,2000,A\n2,2000,B\r").titles]).toEqual([
      [1, "A"],
      [2, "B"],
    ]);
  });

  test(`of more than ${TITLE_LENGTH_MAX} characters is none: no record of a topic could hold it`, () => {
    const quotes = TITLE_LENGTH_MAX / 2 - 1;
    const { titles, warnings } = read(`1,2003,"${'""'.repeat(quotes)}"\n2,2003,${"x".repeat(TITLE_LENGTH_MAX + 1)}`);
    expect([...titles]).toEqual([[1, '"'.repeat(quotes)]]);
    expect(warnings).toEqual(["the titles file, line 2: skipped, its title is longer than 100000 characters"]);
  });

  test(`is what the oracle reads, in random files (seed ${seed})`, () => {
    const random = new Random(seed);
    const pieces = [
      "1",
      "2",
      "07",
      "2003",
      "NULL",
      ",",
      ",",
      ",",
      '"',
      '"',
      '""',
      "a",
      " ",
      "\r",
      "\n",
      "\r\n",
      "é",
      "\u2028",
    ];
    for (let round = 0; round < 5000; round++) {
      const text = Array.from({ length: random.whole(1, 60) }, () => random.pick(pieces)).join("");
      expect({ text, titles: [...read(`9,,x\n${text}`).titles] }).toEqual({
        text,
        titles: [...oracleTitles(`9,,x\n${text}`)],
      });
    }
  });
});

describe("lines", () => {
  test("a header with whatever names is no title and no warning", () => {
    for (const header of [
      "ID,Year,Title",
      "movie_id,year,title,x",
      '"id","year","title"',
      "\uFEFFID,Year,Title",
      "\r\n,,",
    ]) {
      const { titles, warnings } = read(`${header}\r\n1,2003,A\r\n`);
      expect([header, ...titles.values(), ...warnings]).toEqual([header, "A"]);
    }
  });

  test("blank lines are skipped", () => {
    expect(read("\n\r\n1,2003,A\n\n\n2,2003,B\n\n")).toMatchObject({
      titles: new Map([
        [1, "A"],
        [2, "B"],
      ]),
      warnings: [],
    });
  });

  test("an id is a decimal number from 1 to 2147483647 without leading zeros", () => {
    const wrong = ["0", "01", "-1", "+1", "1.0", "1e3", " 1", "1 ", "2147483648", "99999999999", "١", '"1"', ""];
    const { titles, warnings } = read(`2147483647,,last\n${wrong.map((id) => `${id},2003,A\n`).join("")}`);
    expect([...titles]).toEqual([[2_147_483_647, "last"]]);
    expect(warnings[0]).toContain("line 2");
    expect(warnings).toHaveLength(11);
    expect(warnings[10]).toContain("3 more");
  });

  test("a first line that is meant as a title line but is wrong is warned of, not taken for a header", () => {
    expect(read("0,2003,Zero\n1,2003,A\n").warnings[0]).toContain("line 1");
    expect(read("id and title\n1,2003,A\n").warnings[0]).toContain("line 1");
    for (const id of ['"5"', " 5", "5 ", '\t" 5 "', "-5", "5.0", "'5'"]) {
      expect([id, ...read(`${id},2003,Five\n1,2003,A\n`).warnings]).toEqual([
        id,
        expect.stringContaining("line 1: skip"),
      ]);
    }
  });

  test("the first line of an id wins, and later ones are warned of with both lines", () => {
    const { titles, warnings } = read("id,year,title\n7,1999,first\n8,,x\n\n7,2000,second\n");
    expect(titles.get(7)).toBe("first");
    expect(warnings).toEqual(["the titles file, line 5: skipped, movie 7 has its title on line 2"]);
  });

  test("a file full of wrong lines gives a handful of warnings that say how many there are", () => {
    const { warnings } = read(`1,,A\n${"1,,again\n".repeat(5000)}${"nothing\n".repeat(700)}`);
    expect(warnings).toHaveLength(22);
    expect(warnings[10]).toContain("690 more");
    expect(warnings[21]).toContain("4990 more");
  });
});

describe("the encoding", () => {
  const accents = "1,2001,Café Señor Ürümqi\n";

  test("is UTF-8 where the bytes are, whatever the setting", () => {
    for (const asked of ["auto", "utf-8", "windows-1250", "latin-1"] as const) {
      const { titles, encoding } = parseTitles(Uint8Array.from(Buffer.from("1,2001,Łódź 日本 😀")), asked);
      expect([titles.get(1), encoding]).toEqual(["Łódź 日本 😀", "utf-8"]);
    }
  });

  test("a byte order mark is no part of the first line, whatever the rest is", () => {
    const mark = Uint8Array.of(0xef, 0xbb, 0xbf);
    expect(parseTitles(Buffer.concat([mark, Buffer.from("1,2001,é")]), "utf-8").titles.get(1)).toBe("é");
    expect(parseTitles(Buffer.concat([mark, latin1("1,2001,é")]), "latin-1").titles.get(1)).toBe("é");
  });

  test("Windows-1250 is read as its table says", () => {
    const bytes = windows1250(`1,2001,${WINDOWS_1250}`);
    expect(parseTitles(bytes, "windows-1250").titles.get(1)).toBe(WINDOWS_1250);
  });

  test("Latin-1 is ISO-8859-1, not Windows-1252", () => {
    const all = Array.from({ length: 128 }, (_, index) => String.fromCharCode(0x80 + index)).join("");
    expect(parseTitles(latin1(`1,2001,${all}`), "latin-1").titles.get(1)).toBe(all);
  });

  test.each([
    "Łódź",
    "Żółć",
    "Michał",
    "są",
    "że była",
    "więzień świata",
    "Kōňský šľak – II".replace("ō", "o"),
    "ľud",
    "Iaşi",
  ])("auto takes %p for Windows-1250", (title) => {
    const { titles, encoding } = parseTitles(windows1250(`1,2001,${title}\n`), "auto");
    expect([titles.get(1), encoding]).toEqual([title, "windows-1250"]);
  });

  test.each([
    "Café",
    "¿Qué Hora Es?",
    "10³ Été",
    "£5 Straße",
    "Nº 5 è",
    "3ª Señora",
    "9½ Ä",
    "¾ Ö",
    "¡Señor!",
    "naïve ±¹ x",
  ])("auto takes %p for Latin-1", (title) => {
    const { titles, encoding } = parseTitles(latin1(`1,2001,${title}\n`), "auto");
    expect([titles.get(1), encoding]).toEqual([title, "latin-1"]);
  });

  test("one Polish title is enough for the whole file", () => {
    const { titles, encoding } = parseTitles(
      windows1250(`${accents.replace("ñ", "n")}2,1988,Dekalog, część 1\n`),
      "auto",
    );
    expect([titles.get(1), titles.get(2), encoding]).toEqual(["Café Senor Ürümqi", "Dekalog, część 1", "windows-1250"]);
  });

  test("a setting wins over what auto would guess", () => {
    expect(parseTitles(latin1("1,,ñ"), "windows-1250")).toMatchObject({
      encoding: "windows-1250",
      titles: new Map([[1, "ń"]]),
    });
    expect(parseTitles(windows1250("1,,ł"), "latin-1")).toMatchObject({
      encoding: "latin-1",
      titles: new Map([[1, "³"]]),
    });
  });

  test("UTF-8 asked for and not there is exit 2, with the place of the first wrong byte", () => {
    const error = failureOf(latin1(`1,2000,A\n${accents}`), "utf-8");
    expect(error.exitCode).toBe(2);
    expect(error.message).toContain("t.csv is not UTF-8: byte 20 (on line 2)");
    expect(error.hint).toContain("windows-1250");
  });

  test(`is UTF-8 exactly where a strict decoder takes the bytes (seed ${seed})`, () => {
    const random = new Random(seed);
    const strict = new TextDecoder("utf-8", { fatal: true });
    const leads = [0x41, 0x7f, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff];
    const seconds = [0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0x41, 0xc2];
    let valid = 0;
    for (let round = 0; round < 20_000; round++) {
      const wild = Array.from({ length: random.whole(1, 4) }, (_, at) => random.pick(at === 0 ? leads : seconds));
      const bytes = Uint8Array.from([...latin1("1,,x"), ...wild, ...latin1(random.pick(["", "y"]))]);
      let expected = true;
      try {
        strict.decode(bytes);
        valid++;
      } catch {
        expected = false;
      }
      expect([[...bytes], parseTitles(bytes, "auto").encoding === "utf-8"]).toEqual([[...bytes], expected]);
    }
    expect(valid).toBeGreaterThan(100);
  });

  test("UTF-16 and binary files are exit 4", () => {
    expect(failureOf(Uint8Array.from(Buffer.from("\uFEFF1,2003,A\n", "utf16le")), "auto")).toMatchObject({
      exitCode: 4,
    });
    expect(failureOf(Uint8Array.from(Buffer.from("1,2003,A\n", "utf16le")), "auto").message).toContain("binary");
    const random = new Random(seed);
    expect(failureOf(Uint8Array.from([0, ...random.bytes(3000)]), "auto")).toMatchObject({ exitCode: 4 });
  });
});

describe("a title in the table", () => {
  test("is as it was up to 128 characters", () => {
    expect(cutTitle("x".repeat(128))).toBe("x".repeat(128));
    expect(cutTitle("😀".repeat(128))).toBe("😀".repeat(128));
    expect(cutTitle("")).toBe("");
  });

  test("is cut between characters, never inside one", () => {
    expect(cutTitle("x".repeat(129))).toBe("x".repeat(128));
    expect(cutTitle(`${"x".repeat(127)}😀😀`)).toBe(`${"x".repeat(127)}😀`);
    expect(cutTitle("é😀".repeat(100))).toBe("é😀".repeat(64));
  });

  test("has no U+0000, and what is taken out leaves room", () => {
    expect(cutTitle("\0a\0b\0")).toBe("ab");
    expect(cutTitle(`\0${"x".repeat(128)}`)).toBe("x".repeat(128));
  });
});
