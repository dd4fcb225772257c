/**
 * Text that others wrote, as it may be shown: titles in tables, names of files in logs and errors. What would steer the
 * terminal or hide becomes visible; everything else stays as it is.
 */

/** Control characters, line and paragraph separators, what turns the direction of writing, halves of a pair. */
const STEERING = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** The same text with every steering character as an escape: `\u001b`. */
export function visible(text: string): string {
  return text.replace(STEERING, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
