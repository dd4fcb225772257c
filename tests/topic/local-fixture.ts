/** Embedded topics below a folder of their own, for the contract's suites. */
import { rmSync } from "node:fs";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalGroupOffsets } from "../../src/topic/local/group-offsets.ts";
import { LocalOutputs } from "../../src/topic/local/outputs.ts";
import { LocalTopicReader } from "../../src/topic/local/reader.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import type { TopicFixture } from "./fixture.ts";

/** `remove` removes the home. */
export function localFixture(home: string): TopicFixture {
  return {
    commitsOffsets: false,
    saysLast: false,
    admin: new LocalTopicAdmin(home, "cleanup, pid 2"),
    offsets: new LocalGroupOffsets(home),
    reader: (topic) => LocalTopicReader.open(home, topic),
    writer: (topic) => LocalTopicWriter.open(home, topic, "produce, pid 1"),
    outputs: (source) => new LocalOutputs(home, "anomalies", "rejected", source, "process, pid 3", () => 1_000),
    remove: async () => rmSync(home, { recursive: true }),
  };
}
