/** What each error that a broker may answer leads to, by its number in the protocol. */
import { expect, test } from "bun:test";
import { createErrorFromCode } from "kafkajs/src/protocol/error.js";
import "../../../src/topic/kafka/kafkajs-patch.ts";
import { needsFence, protocolError } from "../../../src/topic/kafka/errors.ts";

test("PRODUCER_FENCED is known, which KafkaJS does not know", () => {
  const error = createErrorFromCode(90);
  expect(protocolError(error)).toBe("PRODUCER_FENCED");
  expect(needsFence(error)).toBe(true);
});
