/**
 * What the services for tests have in common: programs run to their end, Debian packages, free ports. Nothing here
 * knows a service.
 */
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const OUTPUT_BYTES_MAX = 256 * 1024 * 1024;
/**
 * Below what systems give to outgoing connections: else one of those could take the port of a stopped server, and a
 * client that tries again and again would in the end connect to itself.
 */
const PORT_MIN = 15_000;
const PORT_MAX = 32_000;

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Runs a program to its end; its stdout. */
export function succeed(program: string, args: readonly string[], env?: Record<string, string>): string {
  const options = { encoding: "utf8", maxBuffer: OUTPUT_BYTES_MAX, cwd: "/" } as const;
  const { status, stdout, stderr, error } = spawnSync(program, args, env === undefined ? options : { ...options, env });
  if (status === 0) return stdout;
  throw new Error(`${program} failed: ${error?.message ?? (stderr || stdout)}`);
}

/** Debian's apt-get, for root only. */
export function apt(...args: string[]): void {
  const environment = { PATH: process.env.PATH ?? "", DEBIAN_FRONTEND: "noninteractive" };
  // Another test file may be installing just now.
  succeed("apt-get", ["-q", "-y", "-o", "DPkg::Lock::Timeout=300", ...args], environment);
}

/** A port of 127.0.0.1 on which nothing listens; chosen by chance, so that two who ask at once get two. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    const listen = () => server.listen(randomInt(PORT_MIN, PORT_MAX), "127.0.0.1");
    server.on("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? listen() : reject(error)));
    server.once("listening", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
    listen();
  });
}
