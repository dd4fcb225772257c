/**
 * Kafka's own Java programs, run by a test: any of them to its end, and the console consumer for as long as there is
 * something to read.
 */
import { type ChildProcessWithoutNullStreams, type StdioOptions, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { kafkaClassPath } from "./kafka-software.ts";
import { type ConsoleRecord, consoleFormat, Progress, parseRecords } from "./kafka-tool-output.ts";

/** Tools live for a second or two: no time for the better compiler. */
const JAVA_OPTIONS = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dfile.encoding=UTF-8"];
const CONSOLE_CONSUMER = "org.apache.kafka.tools.consumer.ConsoleConsumer";
/** Where the console consumer stands is in its log only. */
const CONSUMER_LOG = `appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %m%n
rootLogger.level = ERROR
rootLogger.appenderRef.stderr.ref = stderr
logger.positions.name = org.apache.kafka.clients.consumer.internals.SubscriptionState
logger.positions.level = INFO
logger.fetches.name = org.apache.kafka.clients.consumer.internals.FetchCollector
logger.fetches.level = TRACE
`;

export type Isolation = "read_committed" | "read_uncommitted";

/** Starts a program by its main class, or by the path of its source where that is one file. */
export function startTool(mainClass: string, args: readonly string[], options: readonly string[] = []) {
  return spawn("java", [...JAVA_OPTIONS, ...options, "-cp", kafkaClassPath(), mainClass, ...args], { cwd: "/" });
}

/** Resolves to what a program has written when it has ended. */
async function outputOf(child: ChildProcessWithoutNullStreams) {
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  return { ...output, code };
}

/** Runs a program with `stdin`; its stdout. */
export async function runTool(mainClass: string, args: readonly string[], stdin: string): Promise<string> {
  const child = startTool(mainClass, args);
  // A program that ends early leaves its input unread; its exit code says why.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const { code, stdout, stderr } = await outputOf(child);
  if (code === 0) return stdout;
  throw new Error(`${mainClass} ended with exit code ${code}:\n${stdout}${stderr}`);
}

/** Its stdout goes to a file: it flushes after every record, and through a pipe each would wake us. */
function startConsumer(args: readonly string[], log: string, stdoutFile: string) {
  const stdout = openSync(stdoutFile, "w");
  const options = [...JAVA_OPTIONS, `-Dlog4j2.configurationFile=${log}`, "-cp", kafkaClassPath()];
  const stdio: StdioOptions = ["ignore", stdout, "pipe"];
  const child = spawn("java", [...options, CONSOLE_CONSUMER, ...args], { cwd: "/", stdio });
  closeSync(stdout);
  const { stderr } = child;
  if (stderr === null) throw new Error("a pipe was asked for");
  return { child, stderr };
}

/**
 * All that is in a topic of this many partitions, of each what is before an open transaction. `latin1` makes every byte
 * one character.
 */
export async function readTopic(
  brokers: string,
  topic: string,
  partitions: number,
  isolation: Isolation,
  encoding: "utf8" | "latin1" = "utf8",
): Promise<ConsoleRecord[]> {
  const folder = mkdtempSync(join(tmpdir(), "tidemark-kafka-consumer-"));
  try {
    const log = join(folder, "log4j2.properties");
    writeFileSync(log, CONSUMER_LOG);
    // The newer group protocol, which does not wait for more members first.
    const how = ["--from-beginning", "--isolation-level", isolation, "--consumer-property", "group.protocol=consumer"];
    const args = ["--bootstrap-server", brokers, "--topic", topic, ...how, ...consoleFormat()];
    const said = join(folder, "records");
    const { child, stderr } = startConsumer(args, log, said);
    const progress = new Progress(partitions, isolation);
    let isComplete = false;
    const lines: string[] = [];
    createInterface({ input: stderr }).on("line", (line) => {
      lines.push(line);
      progress.note(line);
      if (isComplete || !progress.isComplete) return;
      isComplete = true;
      // It prints what it has fetched before it ends.
      child.kill("SIGTERM");
    });
    await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    if (isComplete) return parseRecords(readFileSync(said, encoding));
    throw new Error(`the console consumer ended too early:\n${lines.join("\n")}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
