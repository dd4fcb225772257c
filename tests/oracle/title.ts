/**
 * Titles and the anomaly line, as the contract writes them. Slow and obvious; shares nothing with `src`. How the
 * titles file is decoded is left alone: this starts from text.
 */

const MOVIE_ID_MAX = 2 ** 31 - 1;
const TITLE_CHARACTERS_MAX = 128;

/**
 * Id to title from the text of a titles file (`id,year,title`): the title is everything after the second comma,
 * unless all of that is one quoted field. The first line of an id wins; what has no valid id (a header) is ignored.
 */
export function oracleTitles(text: string): Map<number, string> {
  const titles = new Map<number, string>();
  for (const ended of text.replace(/^\uFEFF/, "").split("\n")) {
    const line = ended.replace(/\r$/, "");
    const columns = /^([1-9][0-9]*),([^,]*),(.*)$/s.exec(line);
    if (columns === null) continue;
    const movieId = Number(columns[1]);
    if (movieId > MOVIE_ID_MAX || titles.has(movieId)) continue;
    const quoted = /^"((?:[^"]|"")*)"$/.exec(columns[3]);
    titles.set(movieId, quoted === null ? columns[3] : quoted[1].replaceAll('""', '"'));
  }
  return titles;
}

/** A title as it stands in outputs: without U+0000. */
export function cleanTitle(title: string): string {
  return title.replaceAll("\0", "");
}

/** A title as it stands in the table: a column of 128 characters (code points). */
export function tableTitle(title: string): string {
  return [...cleanTitle(title)].slice(0, TITLE_CHARACTERS_MAX).join("");
}

/** `window_start,window_end,title,count,mean`; the two times in milliseconds since 1970 UTC. */
export function anomalyLine(startMs: number, endMs: number, title: string, count: number, sum: number): string {
  const cleaned = cleanTitle(title);
  const field = /[",\r\n]/.test(cleaned) ? `"${cleaned.replaceAll('"', '""')}"` : cleaned;
  return [formatTime(startMs), formatTime(endMs), field, String(count), javaDouble(sum / count)].join(",");
}

/** `2002-09-20 00:00:00`, UTC. Years have four digits; those beyond 9999 or below 0 a sign, as Java prints them. */
function formatTime(timeMs: number): string {
  const date = new Date(timeMs);
  const year = date.getUTCFullYear();
  const yearText = (year < 0 ? "-" : year > 9999 ? "+" : "") + String(Math.abs(year)).padStart(4, "0");
  const rest = [date.getUTCMonth() + 1, date.getUTCDate()].map((number) => String(number).padStart(2, "0"));
  return `${yearText}-${rest.join("-")} 00:00:00`;
}

/** As Java's Double.toString prints a mean (0 to 10): `4.0`, `3.2777777777777777`, below a thousandth `5.0E-4`. */
export function javaDouble(value: number): string {
  const withPoint = (digits: string) => (digits.includes(".") ? digits : `${digits}.0`);
  if (value === 0 || value >= 0.001) return withPoint(String(value));
  const [digits, exponent] = value.toExponential().split("e");
  return `${withPoint(digits)}E${Number(exponent)}`;
}
