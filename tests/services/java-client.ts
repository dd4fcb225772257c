/**
 * Kafka's own client in a Java program of its own (`JavaClient.java`), kept running while a test file needs it, as a
 * Java machine takes seconds to start: producers as other applications have them, and what a consumer of committed
 * records reads of a topic, byte for byte.
 */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { StoredRecord } from "../scenarios/stored-records.ts";
import { startTool } from "./kafka-tools.ts";

const SOURCE = join(import.meta.dirname, "JavaClient.java");
const DONE = "done";
const NULL = "-";

export interface ProducerOptions {
  readonly codec?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
  readonly transactionalId?: string;
}

export interface SentRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly key?: string;
  readonly value: string | Uint8Array | null;
  /** The time of sending where there is none. */
  readonly timestampMs?: number | undefined;
  readonly headers?: Readonly<Record<string, string | null>>;
}

/** A producer's commands; one that fails ends the program, and with it all that is asked of it. */
export interface JavaProducer {
  send(record: SentRecord): Promise<unknown>;
  /** Ends the batch, and resolves when all that was sent has arrived. */
  flush(): Promise<unknown>;
  begin(): Promise<unknown>;
  commit(): Promise<unknown>;
  abort(): Promise<unknown>;
}

interface Question {
  readonly lines: string[];
  readonly resolve: (lines: string[]) => void;
  readonly reject: (error: Error) => void;
}

export class JavaClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #questions: Question[] = [];
  #producers = 0;
  #stderr = "";

  constructor(brokers: string) {
    this.#child = startTool(SOURCE, [brokers]);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.#child.stdin.on("error", () => {});
    createInterface({ input: this.#child.stdout }).on("line", (line) => {
      if (line === DONE) {
        const { resolve, lines } = this.#questions.shift() as Question;
        resolve(lines);
      } else this.#questions[0]?.lines.push(line);
    });
    const fail = () => {
      for (const { reject } of this.#questions.splice(0)) reject(new Error(`JavaClient ended:\n${this.#stderr}`));
    };
    this.#child.once("error", fail).once("close", fail);
  }

  async producer({ codec = "none", transactionalId = NULL }: ProducerOptions = {}): Promise<JavaProducer> {
    const name = String(this.#producers++);
    await this.#ask(["open", name, codec, transactionalId]);
    return {
      send: ({ topic, partition = 0, key, value, timestampMs, headers = {} }) => {
        const place = [topic, String(partition), timestampMs === undefined ? NULL : String(timestampMs)];
        const named = Object.entries(headers).flatMap(([header, text]) => [header, base64(text)]);
        return this.#ask(["send", name, ...place, base64(key ?? null), base64(value), ...named]);
      },
      flush: () => this.#ask(["flush", name]),
      begin: () => this.#ask(["begin", name]),
      commit: () => this.#ask(["commit", name]),
      abort: () => this.#ask(["abort", name]),
    };
  }

  /** What is committed in a topic, by partition. */
  async read(topic: string, partitions = 1): Promise<StoredRecord[][]> {
    const records: StoredRecord[][] = Array.from({ length: partitions }, () => []);
    for (const line of await this.#ask(["read", topic])) {
      const [partition, offset, timestamp, key, value, ...named] = line.split("\t");
      const headers: Record<string, string> = {};
      for (let at = 0; at < named.length; at += 2) headers[named[at]] = String(bytes(named[at + 1]));
      records[Number(partition)].push({
        offset: Number(offset),
        timestampMs: Number(timestamp),
        key: bytes(key)?.toString() ?? null,
        value: bytes(value),
        headers,
      });
    }
    return records;
  }

  /** Ends the program, and transactions that are open with it. */
  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.stdin.end();
    await ended;
  }

  #ask(words: readonly string[]): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ lines: [], resolve, reject });
      this.#child.stdin.write(`${words.join("\t")}\n`);
    });
  }
}

function base64(value: string | Uint8Array | null): string {
  return value === null ? NULL : Buffer.from(value).toString("base64");
}

function bytes(word: string): Buffer | null {
  return word === NULL ? null : Buffer.from(word, "base64");
}
