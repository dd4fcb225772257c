/**
 * Stands between a client and a server and cuts the connection at a message of the client's that holds a text: before
 * the server gets it, or once the server has acted on it but before the client hears of that. Plain TCP only.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

export class CutProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: { readonly text: RegExp; readonly when: "before" | "after" } | undefined;
  /** All that clients have sent. */
  sent = "";

  private constructor(server: Server) {
    this.#server = server;
  }

  static start(host: string, port: number): Promise<CutProxy> {
    const server = createServer();
    const proxy = new CutProxy(server);
    server.on("connection", (client) => proxy.#join(client, connect(port, host)));
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(proxy)));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Once, at the next message that holds `text`. */
  cutAt(text: RegExp, when: "before" | "after"): void {
    this.#cut = { text, when };
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(client: Socket, server: Socket): void {
    let isDeaf = false;
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end).on("close", end);
    }
    client.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      this.sent += text;
      if (this.#cut === undefined || !this.#cut.text.test(text)) return void server.write(bytes);
      const { when } = this.#cut;
      this.#cut = undefined;
      if (when === "before") return end();
      isDeaf = true;
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (isDeaf) end();
      else client.write(bytes);
    });
  }
}
