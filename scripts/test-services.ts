/**
 * `npm run -s test-services -- start`: a Kafka broker and a PostgreSQL server that stay, for test files run again and
 * again; prints the lines by which a shell makes the tests use them. `npm run -s test-services -- stop` ends and
 * removes them. One pair at a time.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as after } from "node:timers/promises";
import { SharedServices } from "../tests/services/shared.ts";

const FOLDER = join(tmpdir(), "tidemark-test-services");
const PID_FILE = join(FOLDER, "pid");
/** Another's process can only be asked whether it is still there. */
const ASK_AGAIN_MS = 50;

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

/** The pid of the process that keeps the services; undefined when there is none. */
function keeper(): number | undefined {
  if (!existsSync(PID_FILE)) return undefined;
  const pid = Number(readFileSync(PID_FILE, "utf8"));
  try {
    process.kill(pid, 0);
    return pid;
  } catch {
    return undefined;
  }
}

async function start(): Promise<void> {
  const pid = keeper();
  if (pid !== undefined) fail(`they are running, kept by process ${pid}; stop them first`);
  mkdirSync(FOLDER, { recursive: true });
  const log = join(FOLDER, "log");
  const args = [import.meta.filename, "keep"];
  const child = spawn(process.execPath, args, { detached: true, stdio: ["ignore", "pipe", openSync(log, "w")] });
  writeFileSync(PID_FILE, `${child.pid}\n`);
  const said = child.stdout === null ? Promise.resolve([]) : once(child.stdout, "data");
  const [lines] = await Promise.race([said, once(child, "exit").then(() => [])]);
  if (lines === undefined) fail(`they did not start:\n${readFileSync(log, "utf8")}`);
  process.stdout.write(lines);
  process.exit();
}

/** The process that stays. */
async function keep(): Promise<void> {
  const ended = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
  const services = await SharedServices.start();
  const lines = Object.entries(services.exports).map(([name, value]) => `export ${name}='${value}'\n`);
  const isWhole = lines.length === 2;
  if (isWhole) {
    process.stdout.write(lines.join(""));
    await ended;
  }
  await services.remove();
  process.exit(isWhole ? 0 : 1);
}

async function stop(): Promise<void> {
  const pid = keeper();
  if (pid === undefined) fail("none are running");
  process.kill(pid, "SIGTERM");
  while (keeper() !== undefined) await after(ASK_AGAIN_MS);
  rmSync(FOLDER, { recursive: true });
}

const commands: Record<string, () => Promise<void>> = { start, keep, stop };
const [asked] = process.argv.slice(2);
if (!Object.hasOwn(commands, asked ?? "")) fail("usage: npm run -s test-services -- start|stop");
await commands[asked]();
