/**
 * Kafka's own jars and a Java to run them, for tests: fetched once by Maven into the cache folder. Debian's packages of
 * Maven and Java are installed when they are missing and we are root. Where neither can be had, this throws.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fetchJars, jarsFolder } from "./maven-jars.ts";
import { apt, isRoot } from "./programs.ts";

export const KAFKA_VERSION = "4.1.0";
const LOG4J_VERSION = "2.24.3";
const JAVA_VERSION_MIN = 17;
const NAME = `kafka-${KAFKA_VERSION}-log4j-${LOG4J_VERSION}`;

/** Broker, tools, and what lets the broker write a log. */
const JARS = [
  { group: "org.apache.kafka", artifact: "kafka_2.13", version: KAFKA_VERSION },
  { group: "org.apache.kafka", artifact: "kafka-tools", version: KAFKA_VERSION },
  { group: "org.apache.logging.log4j", artifact: "log4j-slf4j-impl", version: LOG4J_VERSION },
];

/** Java's class path with all of Kafka. */
export function kafkaClassPath(): string {
  if (javaVersion() < JAVA_VERSION_MIN) installPackage("openjdk-17-jre-headless");
  if (!existsSync(jarsFolder(NAME)) && spawnSync("mvn", ["-v"]).status !== 0) installPackage("maven");
  return join(fetchJars(NAME, JARS), "*");
}

/** The first number of what `java -version` says; 0 without Java. */
function javaVersion(): number {
  const { status, stderr } = spawnSync("java", ["-version"], { encoding: "utf8" });
  return status === 0 ? Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

function installPackage(name: string): void {
  const advice = `install Debian's package ${name}, or set TEST_KAFKA to the host:port of a broker`;
  if (!isRoot()) throw new Error(`the tests need a Kafka broker of their own: ${advice}`);
  try {
    apt("update");
    apt("install", "--no-install-recommends", name);
  } catch (error) {
    throw new Error(`the tests need a Kafka broker of their own, and ${name} could not be installed: ${advice}`, {
      cause: error,
    });
  }
}
