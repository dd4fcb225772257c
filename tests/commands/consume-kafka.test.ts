/** consume-kafka on embedded topics: once, following, going on where it left off, and with a reader that goes away. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { consumeKafka } from "../../src/commands/consume-kafka.ts";
import { processRatings } from "../../src/commands/process.ts";
import { produce } from "../../src/commands/produce.ts";
import { setup } from "../../src/commands/setup.ts";
import { LocalTopicAdmin } from "../../src/topic/local/admin.ts";
import { LocalTopicWriter } from "../../src/topic/local/writer.ts";
import { failureOf } from "../failure.ts";
import { append } from "../topic/fixture.ts";
import { run } from "./run.ts";

const TOPIC = "netflix-ratings-anomalies";

describe("consume-kafka", () => {
  let home: string;
  let writer: LocalTopicWriter;
  beforeEach(async () => {
    home = mkdtempSync(join(tmpdir(), "tidemark-consume-kafka-"));
    await new LocalTopicAdmin(home, "setup").create(TOPIC, 1);
    writer = await LocalTopicWriter.open(home, TOPIC, "process");
  });
  afterEach(async () => {
    await writer.close();
    rmSync(home, { recursive: true });
  });

  const once = async (...args: string[]) =>
    (await run("consume-kafka", consumeKafka, ["--home", home, "--once", ...args])).stdout;

  test("--once prints the lines that are there, unchanged, each once, and ends", async () => {
    expect(await once()).toBe("");
    const lines = ['2002-09-20 00:00:00,2002-09-21 00:00:00,"Ďábel, ""x""",36,3.25', " , ", "c"];
    await append(writer, lines.slice(0, 2));
    expect(await once()).toBe(`${lines[0]}\n${lines[1]}\n`);
    expect(await once()).toBe("");
    await append(writer, lines.slice(2));
    expect(await once()).toBe("c\n");
  });

  test("prints the bytes of a rejected line, whatever they are", async () => {
    const [ratings, titles] = [join(home, "ratings"), join(home, "titles.csv")];
    mkdirSync(ratings);
    const lines = ["2002-09-20,1,7,\xff", "\xef\xbb\xbf\xc4", "\xc5\x99"];
    writeFileSync(join(ratings, "1.csv"), `date,film_id,user_id,rate\n${lines.join("\n")}\n`, "latin1");
    writeFileSync(titles, "1,2001,K-Pax\n");
    await writer.close();
    await run("setup", setup, ["--home", home]);
    await run("produce", produce, ["--home", home, "--ratings", ratings]);
    await run("process", processRatings, ["--home", home, "--titles", titles, "--once"]);
    const args = ["--home", home, "--once", "--anomaly-topic", "netflix-ratings-rejected"];
    const { stdoutBytes } = await run("consume-kafka", consumeKafka, args);
    expect(stdoutBytes.toString("latin1")).toBe(`${lines.join("\n")}\n`);
  });

  test("--from-beginning prints all again; another group has a place of its own", async () => {
    await append(writer, ["a", "b"]);
    expect(await once()).toBe("a\nb\n");
    expect(await once("--from-beginning")).toBe("a\nb\n");
    expect(await once()).toBe("");
    expect(await once("--group", "../another group")).toBe("a\nb\n");
    expect(await once("--group", "../another group")).toBe("");
  });

  test("follows the topic until it is stopped, and then goes on where it left off", async () => {
    const stop = new AbortController();
    let printed = "";
    const write = async (data: string | Uint8Array) => {
      printed += Buffer.from(data).toString();
      if (printed.endsWith("a\n")) await append(writer, ["b"]);
      if (printed.endsWith("b\n")) stop.abort();
    };
    await append(writer, ["a"]);
    await run("consume-kafka", consumeKafka, ["--home", home], { stdout: { write }, signal: stop.signal });
    expect(printed).toBe("a\nb\n");
    await append(writer, ["c"]);
    expect(await once()).toBe("c\n");
  });

  test("ends quietly when its reader has gone, and prints again what could not be written", async () => {
    await append(writer, ["a"]);
    const write = async (data: string | Uint8Array) => {
      if (Buffer.from(data).toString().startsWith("b"))
        throw Object.assign(new Error("write EPIPE"), { code: "EPIPE" });
      await append(writer, ["b", "c"]);
    };
    await run("consume-kafka", consumeKafka, ["--home", home], { stdout: { write } });
    expect(await once()).toBe("b\nc\n");
  });

  test("says what to do without the topic, and with one that was replaced", async () => {
    const missing = await failureOf(() => once("--anomaly-topic", "nowhere"));
    expect([missing.exitCode, missing.hint]).toEqual([2, expect.stringContaining("tidemark setup")]);

    await append(writer, ["a", "b"]);
    await once();
    await writer.close();
    const admin = new LocalTopicAdmin(home, "cleanup");
    // By hand: the administrator would forget the groups' places, too.
    rmSync(join(home, "topics", TOPIC), { recursive: true });
    await admin.create(TOPIC, 1);
    writer = await LocalTopicWriter.open(home, TOPIC, "process");
    await append(writer, ["new"]);
    const replaced = await failureOf(() => once());
    expect([replaced.exitCode, replaced.hint]).toEqual([4, expect.stringContaining("--from-beginning")]);
    expect(await once("--from-beginning")).toBe("new\n");
    expect(await once()).toBe("");
  });
});
