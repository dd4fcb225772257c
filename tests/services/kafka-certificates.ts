/**
 * Certificates for a test broker, made by openssl: an authority, the broker's for `localhost` and 127.0.0.1, and a
 * client's. They last two days.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeed } from "./programs.ts";

/** Paths of PEM files. */
export interface Certificates {
  /** The authority's, which clients have to trust. */
  readonly caFile: string;
  readonly clientCertificateFile: string;
  readonly clientKeyFile: string;
  /** Key and certificate in one, as Kafka wants them. */
  readonly brokerFile: string;
}

export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => join(folder, name);
  const make = (name: string, ...more: string[]) => {
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(`${name}.key`)];
    succeed("openssl", ["req", "-x509", "-days", "2", ...key, "-out", file(`${name}.crt`), ...more]);
  };
  const signed = ["-CA", file("ca.crt"), "-CAkey", file("ca.key"), "-addext", "basicConstraints=critical,CA:FALSE"];
  make("ca", "-subj", "/CN=tidemark tests");
  make("broker", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", ...signed);
  make("client", "-subj", "/CN=client", ...signed);
  const broker = ["broker.key", "broker.crt"].map((name) => readFileSync(file(name), "utf8")).join("");
  writeFileSync(file("broker.pem"), broker, { mode: 0o600 });
  return {
    caFile: file("ca.crt"),
    clientCertificateFile: file("client.crt"),
    clientKeyFile: file("client.key"),
    brokerFile: file("broker.pem"),
  };
}
