/**
 * The line that represents an anomaly on its topic, `window_start,window_end,title,count,mean`: the window's two
 * midnights in UTC, the title as one RFC 4180 field, the mean as Java prints a double. The same anomaly is the same
 * text, byte for byte, on every runtime. Pure. Which windows are anomalies, and their titles, is decided elsewhere.
 */
import { formatDayTime } from "./calendar.ts";
import type { Anomaly } from "./epoch.ts";

/** From here up, and below the other, Java leaves plain decimals for `E` notation. */
const JAVA_PLAIN_END = 1e7;
const JAVA_PLAIN_MIN = 1e-3;

/** The window of the line before: anomalies come window by window, and its text is half the work of a line. */
let last = { startDay: Number.NaN, endDay: Number.NaN, text: "" };

/** `2002-09-20 00:00:00,2002-09-21 00:00:00,K-Pax,36,3.2777777777777777`, without a line end. */
export function anomalyLine(anomaly: Anomaly): string {
  const { startDay, endDay, title, count, sum } = anomaly;
  if (startDay !== last.startDay || endDay !== last.endDay) {
    last = { startDay, endDay, text: `${formatDayTime(startDay)},${formatDayTime(endDay)}` };
  }
  return `${last.text},${csvField(title)},${count},${javaDouble(sum / count)}`;
}

/** A CSV field as RFC 4180 writes it: in quotes only where it holds a comma, a quote or a line break. */
export function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A number as `Double.toString` prints it since JDK 19: `4.0`, `1.0E7`, `4.656612873077393E-10`. JavaScript prints
 * the same digits, the fewest that name the number, but sets the point and the exponent elsewhere. (Below 1e-322 Java
 * would add a second digit; a mean of whole ratings is 0 or far above.)
 */
export function javaDouble(x: number): string {
  const magnitude = Math.abs(x);
  if (Number.isNaN(x) || magnitude === Infinity) return String(x);
  if (x === 0) return Object.is(x, -0) ? "-0.0" : "0.0";
  if (magnitude >= JAVA_PLAIN_MIN && magnitude < JAVA_PLAIN_END) return withPoint(String(x));
  const [digits, exponent] = x.toExponential().split("e");
  return `${withPoint(digits)}E${Number(exponent)}`;
}

function withPoint(decimal: string): string {
  return decimal.includes(".") ? decimal : `${decimal}.0`;
}
