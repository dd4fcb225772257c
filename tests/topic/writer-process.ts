/**
 * A writer for the suites, in a process of its own: appends batches of one record (1000 bytes) without end to the topic
 * `ratings` in the home named on its command line. Prints the number of appended batches after each flush; when it
 * fails with a user's error, that error's exit code and message.
 */
import { UserError } from "../../src/errors.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { batchOf } from "./fixture.ts";

const BATCHES_PER_FLUSH = 7;

const writer = await LocalTopicWriter.open(process.argv[2], "ratings", `produce, pid ${process.pid}`);
const batch = batchOf(["x".repeat(1000)]);
try {
  for (let appended = 0; ; ) {
    for (let count = 0; count < BATCHES_PER_FLUSH; count++, appended++) await writer.append(0, batch, 1);
    await writer.flush();
    await new Promise((resolve) => process.stdout.write(`${appended}\n`, resolve));
  }
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  console.log(`exit ${error.exitCode}: ${error.message}`);
}
await writer.close();
