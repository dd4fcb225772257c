/**
 * Several brokers to begin with, of which the first is of no use, and brokers at IPv6 addresses: every command does its
 * work, on a real broker and a real PostgreSQL. `TEST_SEED` makes other input.
 */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "../services/programs.ts";
import { OwnServices } from "./own-services.ts";

const services = OwnServices.ofThisFile();
const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

/** Where a server listens that does this with each connection; undefined where the machine has no such address. */
async function listen(address: string, take: (socket: Socket) => void): Promise<number | undefined> {
  const server = createServer((socket) => take(socket.on("error", () => {})));
  server.listen(0, address);
  try {
    await once(server, "listening");
  } catch {
    return undefined;
  }
  servers.push(server);
  return (server.address() as AddressInfo).port;
}

async function expectAllCommandsWork(bootstrapServers: string): Promise<void> {
  const job = services.newJob();
  // Not awaited idly: servers of this process take part.
  const succeed = async (command: string) => {
    const { code, stdout, stderr } = await job.start(command, { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }).outcome();
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) });
    return stdout;
  };
  await succeed("cleanup --yes");
  await succeed("setup --partitions 2");
  job.sendMore();
  await succeed("produce --resume --ratings sent-0");
  await succeed("process --once");
  await job.expectOracle();
  expect((await succeed("consume-kafka --once")).split("\n").length).toBeGreaterThan(3);
}

test("nothing listens at the first broker", async () => {
  await expectAllCommandsWork(`127.0.0.1:${await freePort()},${services.broker.brokers}`);
});

test("the first broker has no name that is known", async () => {
  await expectAllCommandsWork(`no-such-host.invalid:9092,${services.broker.brokers}`);
});

test("the first broker takes connections and closes them", async () => {
  const port = await listen("127.0.0.1", (socket) => socket.destroy());
  await expectAllCommandsWork(`127.0.0.1:${port},${services.broker.brokers}`);
});

let atSix: number | undefined;
beforeAll(async () => {
  atSix = await listen("::1", (socket) => {
    const [host, port] = services.broker.brokers.split(":");
    const broker = connect(Number(port), host).on("error", () => socket.destroy());
    socket.pipe(broker).pipe(socket);
  });
});

test("a broker at an IPv6 address", async () => {
  if (atSix === undefined) {
    console.log("nothing to be seen: this machine has no ::1");
    return;
  }
  await expectAllCommandsWork(`[::1]:${atSix}`);
});
