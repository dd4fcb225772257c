/** The scenarios' own idea of Kafka's partitioner, against the hashes that Kafka's own tests expect. */
import { expect, test } from "bun:test";
import { murmur2, partitionOf } from "./sent-lines.ts";

// From Kafka's UtilsTest.testMurmur2.
test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("murmur2 of %s is %d", (key, hash) => {
  expect(murmur2(Buffer.from(key))).toBe(BigInt(hash));
});

test("a negative hash loses its sign bit", () => {
  expect([4, 7, 100].map((partitions) => partitionOf("21", partitions))).toEqual([0, 1173551340 % 7, 40]);
});
