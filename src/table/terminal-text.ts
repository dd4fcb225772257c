/**
 * Text on a terminal: how many columns it takes, and cutting it to fit. Widths follow Unicode's East Asian Width as
 * nearly as terminals agree on it. Text is expected as `visible` gives it (`visible-text.ts`).
 */

const ONLY_ZERO_WIDTH = /^[\p{M}\p{Cf}]+$/u;
/** Two columns: Korean, Chinese and Japanese, full-width forms; what lies beyond the basic plane, and emoji. */
const WIDE_LETTER = /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff]/;
const WIDE_FORM = /^[\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/;
const WIDE_SIGN = /^[\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]|\ufe0f/u;

const ELLIPSIS = "…";

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

/** Columns that `visible` text takes on a terminal. */
export function displayWidth(text: string): number {
  if (isPlainAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The text if it takes at most `columns`, else as much of it as fits with an ellipsis behind it. */
export function cutToWidth(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns - ELLIPSIS.length) break;
    kept += segment;
  }
  return kept + ELLIPSIS;
}

function graphemeWidth(grapheme: string): number {
  if ([WIDE_LETTER, WIDE_FORM, WIDE_SIGN].some((wide) => wide.test(grapheme))) return 2;
  return ONLY_ZERO_WIDTH.test(grapheme) ? 0 : 1;
}

function isPlainAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}
