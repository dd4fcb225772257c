/**
 * What users get wrong in ratings, titles and settings: each case ends with the right exit code, says what is wrong and
 * what to do, prints nothing on stdout and no stack, and loses nothing.
 */
import { afterAll, afterEach, beforeEach, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { JobUnderWay, LINES, PROCESS, TITLES } from "./job-under-way.ts";
import { EXECUTABLE } from "./workplace.ts";

const original = new JobUnderWay();
afterAll(() => original.remove());

let work: JobUnderWay;
beforeEach(() => {
  work = new JobUnderWay(original);
});
afterEach(() => work.remove());

describe("the ratings folder", () => {
  const FOLDER = "data/ratings";

  test("is missing", () => {
    rmSync(work.path(FOLDER), { recursive: true });
    work.expectRefused(2, "produce", "ratings folder ./data/ratings is not there", "INPUT_DIRECTORY_PATH");
    work.expectGoesOn();
  });

  test("is a file", () => {
    work.expectRefused(2, "produce --ratings data/movie_titles.csv", "is no folder", "folder that holds");
    work.expectGoesOn();
  });

  test("is empty", () => {
    mkdirSync(work.path("none/folders-do-not-count"), { recursive: true });
    work.write("none/.hidden", LINES);
    work.expectRefused(2, "produce --ratings none", "holds no files", "--ratings");
    work.expectGoesOn();
  });

  test("holds a file that cannot be read, after one that can", () => {
    symlinkSync("nowhere", work.path(FOLDER, "9.csv"));
    work.expectRefused(2, "produce", "data/ratings/9.csv is not there", "check");
    work.expectGoesOn();
  });

  test("holds a file whose name is not UTF-8; a folder of such a name is left out", () => {
    const named = (name: string) => Buffer.concat([Buffer.from(`${work.path(FOLDER)}/${name}`), Buffer.from([0xe9])]);
    mkdirSync(named("sub"));
    work.succeed("produce");
    writeFileSync(named("caf"), LINES);
    const { code, stderr } = work.run("produce");
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^tidemark: .*\nhint: rename it.*\n$/) });
    expect(stderr).toContain("the name of the rating file data/ratings/caf\uFFFD is not UTF-8");
    expect(work.topic()[0].length).toBe(10);
    rmSync(named("caf"));
    work.expectGoesOn();
  });

  test("holds files whose names would steer a terminal: what is said of them does not", () => {
    work.write("odd/2\u001b[2J.csv", "2002-03-03,1,9,5\n");
    const sent = work.succeed("produce --ratings odd").stderr + work.succeed("produce --ratings odd --resume").stderr;
    symlinkSync("nowhere", work.path("odd/3\r.csv"));
    const refused = work.run("produce --ratings odd");
    rmSync(work.path("odd/3\r.csv"));
    work.write("odd/2\u001b[2J.csv", "2002-03-03,1,9,1\n");
    const changed = work.run("produce --ratings odd --resume");
    expect([refused.code, changed.code]).toEqual([2, 4]);
    work.write("tidemark-data/\n", "mine");
    const kept = work.succeed("cleanup --yes").stderr;
    const said = [sent, refused.stderr, changed.stderr, kept].join("");
    expect(said).toContain("2\\u001b[2J.csv has no header line");
    expect(said).toContain("behind 2\\u001b[2J.csv");
    expect(said).toContain("odd/3\\u000d.csv is not there");
    expect(said).toContain("line 1 of 2\\u001b[2J.csv is not the one");
    expect(said).toContain("which holds \\u000a)");
    for (const steering of ["\u001b", "\r"]) expect(said).not.toContain(steering);
  });

  test("holds a binary file, after one of ratings", () => {
    writeFileSync(work.path(FOLDER, "2.csv"), readFileSync(EXECUTABLE).subarray(0, 100_000));
    work.expectRefused(4, "produce", "data/ratings/2.csv is no text", "nothing was sent");
    work.expectGoesOn();
  });

  test("holds what is neither file nor folder: left out, not waited for", () => {
    expect(spawnSync("sh", ["-c", `mkfifo ${work.path(FOLDER, "0.csv")}`]).status).toBe(0);
    work.succeed("produce");
    expect(work.topic()[0].length).toBe(10);
    work.expectGoesOn();
  });

  test("holds an empty file and one without a header: a warning each, every rating sent", () => {
    work.write("odd/1.csv", "");
    work.write("odd/2.csv", "2002-03-03,1,9,5\n2002-03-04,1,9,4");
    const { stdout, stderr } = work.succeed("produce --ratings odd");
    expect(stdout).toBe("");
    expect(stderr).toContain("warn  1.csv is empty: nothing of it was sent\n");
    expect(stderr).toContain("warn  2.csv has no header line: its first line is a rating and was sent\n");
    const sent = work.topic()[0].slice(5);
    expect(sent.map(({ value }) => String(value))).toEqual(["2002-03-03,1,9,5", "2002-03-04,1,9,4"]);
    work.expectGoesOn();
  });

  test.each([
    ["2002-02-30,1,9,5", "begins with a digit"],
    ["day,7,user,rate", "names a movie"],
    ['"2002-02-30","7","9","5"', "names a movie in quotes"],
  ])("holds a file whose first line is no rating and hardly a header, %s: it %s, so a warning", (first) => {
    work.write("odd/2.csv", `\uFEFF${first}\n2002-03-04,1,9,4\n`);
    work.write("odd/3.csv", "date,film_id,user_id,rate\n2002-03-05,1,9,4\n");
    const { stderr } = work.succeed("produce --ratings odd");
    expect(stderr.match(/warn .*/g)).toEqual([
      "warn  2.csv: its first line is no valid rating, so it was taken for a header, and not sent",
    ]);
    expect(
      work
        .topic()[0]
        .slice(5)
        .map(({ value }) => String(value)),
    ).toEqual(["2002-03-04,1,9,4", "2002-03-05,1,9,4"]);
    work.expectGoesOn();
  });

  test("holds files of which nothing is sent: a warning each, but none of what --resume holds back", () => {
    const header = "date,film_id,user_id,rate";
    work.write("odd/2.csv", `${header}\r2002-03-03,1,9,5\r2002-03-04,1,9,4\r`);
    work.write("odd/3.csv", `\n${header}\n\n`);
    work.write("odd/4.csv", "2002-03-03,1,9,5\r2002-03-04,1,9,4\r");
    work.write("odd/5.csv", "\n\n");
    const warnings = [
      ...[2, 3, 4].map((file) => `warn  ${file}.csv holds one line only, taken for a header: nothing of it was sent`),
      "warn  5.csv is empty: nothing of it was sent",
    ];
    const { stderr } = work.succeed("produce --ratings odd");
    expect(stderr.match(/warn .*?sent/g)?.map(String)).toEqual(warnings);
    work.write("odd/6.csv", `${header}\n2002-03-05,1,9,4\n`);
    work.succeed("produce --ratings odd");
    expect(work.succeed("produce --ratings odd --resume").stderr).not.toContain("warn");
    work.expectGoesOn();
  });

  test("holds a file that begins with a byte order mark: sent without it, once", () => {
    const sent = () =>
      work
        .topic()[0]
        .slice(5)
        .map(({ value }) => String(value));
    const ratings = ["2002-03-03,1,9,5", "2002-03-04,1,9,4"];
    work.write("odd/2.csv", `\uFEFF${ratings.join("\n")}\n`);
    const { stderr } = work.succeed("produce --ratings odd");
    expect(stderr).toContain("warn  2.csv has no header line: its first line is a rating and was sent\n");
    expect(sent()).toEqual(ratings);

    work.succeed("produce --resume --ratings odd");
    expect(sent()).toEqual(ratings);
    ratings.push("2002-03-05,1,9,3");
    work.write("odd/2.csv", `\uFEFF${ratings.join("\n")}\n`);
    // A line that holds nothing but the mark is blank.
    work.write("odd/3.csv", "\uFEFF\r\ndate,film_id,user_id,rate\n2002-03-06,1,9,2");
    work.succeed("produce --resume --ratings odd");
    work.succeed("produce --resume --ratings odd");
    expect(sent()).toEqual([...ratings, "2002-03-06,1,9,2"]);
    work.expectGoesOn();
  });
});

describe("the titles file", () => {
  const reading = (path: string): string => `${PROCESS} --once --titles ${path}`;

  test.each<[string, 2 | 4, string | Uint8Array | undefined, string, string]>([
    ["is missing", 2, undefined, "the titles file other.csv does not exist", "INPUT_FILE_PATH"],
    ["is empty", 2, "", "other.csv is empty", "INPUT_FILE_PATH"],
    ["has no title", 2, "date,film_id,user_id,rate\n2002-01-01,1,7,4\n", "no line of id,year,title", "1,2003,Dinosaur"],
    [
      "is binary",
      4,
      Uint8Array.from({ length: 5000 }, (_, at) => at % 7),
      "other.csv is a binary file",
      "give a text file",
    ],
    ["is UTF-16", 4, Buffer.from(`\uFEFF${TITLES}`, "utf16le"), "other.csv is UTF-16 text", "save it as UTF-8"],
  ])("%s", (_, code, content, message, hint) => {
    if (content !== undefined) work.write("other.csv", content);
    work.expectRefused(code, reading("other.csv"), message, hint);
    work.expectGoesOn();
  });

  test("is a folder", () => {
    work.expectRefused(2, reading("data"), "the titles file data is a folder", "INPUT_FILE_PATH");
    work.expectGoesOn();
  });

  test("has an id twice, and lines that are none: the first title stays, each is warned of", () => {
    work.write("data/movie_titles.csv", `${TITLES}1,1999,Another\n\nThree,1999,None\n`);
    const { stderr } = work.succeed(`${PROCESS} --once`);
    expect(stderr.match(/warn .*/g)?.map((line) => line.replace("warn  the titles file ", ""))).toEqual([
      "./data/movie_titles.csv, line 5: skipped, it is not id,year,title with an id of 1 to 2147483647",
      "./data/movie_titles.csv, line 3: skipped, movie 1 has its title on line 1",
    ]);
    work.expectGoesOn();
  });
});

describe("a setting", () => {
  test.each([
    ["--mode B", '--mode is "B", but must be A or C', "PROCESSING_TYPE"],
    ["--anomaly-days 0", "must be a whole number of days from 1 to 3660", "ANOMALY_PERIOD_LENGTH"],
    ["--anomaly-days -30", "must be a whole number of days from 1 to 3660", "ANOMALY_PERIOD_LENGTH"],
    ["--anomaly-days 1.5", "must be a whole number of days from 1 to 3660", "ANOMALY_PERIOD_LENGTH"],
    ["--anomaly-min-count many", '--anomaly-min-count is "many", but must be a whole number', "ANOMALY_RATING_COUNT"],
    ["--anomaly-min-mean 4,5", '--anomaly-min-mean is "4,5", but must be a number', "ANOMALY_RATING_MEAN"],
    ["--anomaly-day 1", "tidemark process knows no flag --anomaly-day", "did you mean --anomaly-days?"],
    ["--anomaly-days", "--anomaly-days has no value", "--anomaly-days <days>"],
    ["--once --drain", "--once and --drain are both given", "--drain"],
    ["--brokers localhost:99999", '--brokers is "localhost:99999", but must be host:port', "KAFKA_BOOTSTRAP_SERVERS"],
    ["stray", 'takes flags only, but was given "stray"', "--help"],
  ])("%s", (flags, message, hint) => {
    work.expectRefused(2, `process ${flags}`, message, hint);
    work.expectGoesOn();
  });

  test.each([
    [{ PROCESSING_TYPE: "B" }, 'PROCESSING_TYPE is "B", but must be A or C', "--mode"],
    [{ ANOMALY_PERIOD_LENGTH: "0" }, 'ANOMALY_PERIOD_LENGTH is "0"', "--anomaly-days"],
    [{ ANOMALY_RATING_COUNT: "1e3" }, 'ANOMALY_RATING_COUNT is "1e3"', "--anomaly-min-count"],
    [{ ANOMALY_RATING_MEAN: "NaN" }, 'ANOMALY_RATING_MEAN is "NaN"', "--anomaly-min-mean"],
  ])("in the environment: %j", (env, message, hint) => {
    work.expectRefused(2, "process --once", message, hint, env);
    work.expectGoesOn();
  });

  const KAFKA = { KAFKA_BOOTSTRAP_SERVERS: "localhost:0" };
  test.each(["setup", "produce", "process --once", "consume-kafka --once", "cleanup --yes"])(
    "brokers for %s",
    (command) => {
      work.expectRefused(2, command, 'KAFKA_BOOTSTRAP_SERVERS is "localhost:0"', "--brokers", KAFKA);
      work.expectGoesOn();
    },
  );
});
