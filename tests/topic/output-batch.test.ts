/** An epoch's anomalies as batches: each within what brokers take, whatever the titles, and no record lost. */
import { expect, test } from "bun:test";
import { anomalyLine } from "../../src/anomaly-line.ts";
import type { Anomaly } from "../../src/epoch.ts";
import { BatchBuilder, BUILT_BYTES_MAX } from "../../src/topic/batch-builder.ts";
import { addOutputRecords } from "../../src/topic/output-batch.ts";
import { readBatchHeader } from "../../src/topic/record-batch.ts";
import { recordsOf } from "../../src/topic/record-cursor.ts";
import { epochOf, SOURCE } from "./fixture.ts";

const TITLES = {
  short: "Title",
  "of two bytes a character": "é",
  "of three": "€".repeat(1000),
  "of four": "😀".repeat(500),
  "of quotes, which are doubled": '"'.repeat(1000),
  long: "x".repeat(3000),
};

for (const [kind, title] of Object.entries(TITLES)) {
  test(`of many movies with titles: ${kind}`, () => {
    const anomalies = Array.from({ length: 3000 }, (_, at): Anomaly => {
      return { startDay: 12_000, endDay: 12_030, movieId: at + 1, title: `${title} ${at}`, count: 70, sum: 300 + at };
    });
    const builder = new BatchBuilder();
    const batches: Uint8Array[] = [];
    const flush = () => {
      if (builder.count > 0) batches.push(builder.finish(5).slice());
    };
    addOutputRecords(builder, "anomalies", SOURCE, { ...epochOf(1, 0, 0), anomalies }, flush);
    flush();
    for (const { length } of batches) expect(length).toBeLessThanOrEqual(BUILT_BYTES_MAX);
    const text = (bytes: Uint8Array | null) => new TextDecoder().decode(bytes ?? undefined);
    const lines = batches.flatMap((bytes) =>
      [...recordsOf(bytes, readBatchHeader(bytes, 0))].map(({ key, value }) => [text(key), text(value)]),
    );
    expect(lines).toEqual(anomalies.map((anomaly) => [String(anomaly.movieId), anomalyLine(anomaly)]));
  });
}
