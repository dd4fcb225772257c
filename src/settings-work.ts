/**
 * The settings that say what a command does: what is read, how it is counted, what is shown. Keys are the names that
 * code uses, units last. Where data lies is in `settings-places.ts`.
 */
import { LOG_LEVELS } from "./log.ts";
import { COMMAND_NAMES, setting, toggle } from "./settings-row.ts";
import * as is from "./settings-values.ts";
import { COMPRESSION_NAMES } from "./topic/kafka/compression.ts";

const DAY_MS = 86_400_000;
const SECOND_MS = 1000;
/** Timers take no more than 2^31 - 1 ms. */
const TIMER_SECONDS_MAX = 2_147_483;
const ANOMALY_DAYS_MAX = 3660;
/** All days of the years 0001 to 9999. */
const CALENDAR_DAYS_MAX = 3_652_059;
const COUNT_MAX = 2_147_483_647;
/** State is in typed arrays, indexed by a movie's slot. */
const MOVIES_MAX = 100_000_000;
const WINDOWS_MAX = 1_000_000;
const ROWS_MAX = 1_000_000;

export const WORK_SETTINGS = {
  ratings: setting({
    flag: "ratings",
    variable: "INPUT_DIRECTORY_PATH",
    placeholder: "folder",
    default: "./data/ratings",
    meaning: "folder of rating files, sent in the order of their names",
    kind: is.path,
    commands: ["produce"],
  }),
  sleepSeconds: setting({
    flag: "sleep",
    variable: "KAFKA_PRODUCER_SLEEP_TIME",
    placeholder: "seconds",
    default: "0",
    meaning: "pause between two rating files",
    kind: is.decimal(0, TIMER_SECONDS_MAX, " of seconds"),
    commands: ["produce"],
  }),
  compression: setting({
    flag: "compression",
    variable: "KAFKA_COMPRESSION",
    placeholder: "name",
    default: "none",
    meaning: "codec of what is sent to brokers: none, gzip, snappy, lz4 or zstd; embedded topics take none",
    kind: is.oneOf(...COMPRESSION_NAMES),
    commands: ["produce"],
  }),
  titles: setting({
    flag: "titles",
    variable: "INPUT_FILE_PATH",
    placeholder: "file",
    default: "./data/movie_titles.csv",
    meaning: "the movies' titles: id,year,title",
    kind: is.path,
    commands: ["process"],
  }),
  titlesEncoding: setting({
    flag: "titles-encoding",
    variable: "TIDEMARK_TITLES_ENCODING",
    placeholder: "name",
    default: "auto",
    meaning: "auto, utf-8, windows-1250 or latin-1; auto tries UTF-8 first",
    kind: is.oneOf("auto", "utf-8", "windows-1250", "latin-1"),
    commands: ["process"],
  }),
  mode: setting({
    flag: "mode",
    variable: "PROCESSING_TYPE",
    placeholder: "A|C",
    default: "A",
    meaning: "A: fresh rows, rewritten as they change; C: final rows only, never rewritten",
    kind: is.oneOf("A", "C"),
    commands: ["process"],
  }),
  anomalyDays: setting({
    flag: "anomaly-days",
    variable: "ANOMALY_PERIOD_LENGTH",
    placeholder: "days",
    default: "30",
    meaning: "length of the windows in which anomalies are looked for",
    kind: is.whole(1, ANOMALY_DAYS_MAX, " of days"),
    commands: ["process"],
  }),
  anomalyMinCount: setting({
    flag: "anomaly-min-count",
    variable: "ANOMALY_RATING_COUNT",
    placeholder: "ratings",
    default: "70",
    meaning: "an anomaly has at least so many ratings",
    kind: is.whole(0, COUNT_MAX),
    commands: ["process"],
  }),
  anomalyMinMean: setting({
    flag: "anomaly-min-mean",
    variable: "ANOMALY_RATING_MEAN",
    placeholder: "mean",
    default: "4",
    meaning: "an anomaly has at least this mean rating",
    kind: is.decimal(-COUNT_MAX, COUNT_MAX),
    commands: ["process"],
  }),
  once: toggle(
    "once",
    "TIDEMARK_ONCE",
    "end when all is read that is there at the start; process keeps open windows for the next run",
    ["process", "consume-kafka", "consume-jdbc"],
  ),
  drain: toggle("drain", "TIDEMARK_DRAIN", "like --once, then close every open window as final", ["process"]),
  rebuild: toggle(
    "rebuild",
    "TIDEMARK_REBUILD",
    "start over: read the topic from its start into a new checkpoint and table",
    ["process"],
  ),
  resume: toggle(
    "resume",
    "TIDEMARK_RESUME",
    "send only what the topic does not hold of the folder's files, which are taken in the order of their names",
    ["produce"],
  ),
  skipCorrupt: toggle(
    "skip-corrupt",
    "TIDEMARK_SKIP_CORRUPT",
    "pass batches whose CRC is wrong, counted and reported, where process would stop",
    ["process"],
  ),
  fromBeginning: toggle(
    "from-beginning",
    "TIDEMARK_FROM_BEGINNING",
    "print the topic from its start, not from where the last run ended",
    ["consume-kafka"],
  ),
  intervalSeconds: setting({
    flag: "interval",
    variable: "TIDEMARK_INTERVAL",
    placeholder: "seconds",
    default: "10",
    meaning: "time between two redraws",
    kind: is.decimal(0.1, TIMER_SECONDS_MAX, " of seconds"),
    commands: ["consume-jdbc"],
  }),
  limit: setting({
    flag: "limit",
    variable: "TIDEMARK_LIMIT",
    placeholder: "rows",
    default: "50",
    meaning: "show so many rows, the newest first",
    kind: is.whole(1, ROWS_MAX),
    commands: ["consume-jdbc"],
  }),
  format: setting({
    flag: "format",
    variable: "TIDEMARK_FORMAT",
    placeholder: "name",
    default: "table",
    meaning: "table, csv or json",
    kind: is.oneOf("table", "csv", "json"),
    commands: ["consume-jdbc"],
  }),
  maxFutureMs: setting({
    flag: "max-future",
    variable: "TIDEMARK_MAX_FUTURE",
    placeholder: "days",
    default: "1",
    meaning: "reject a rating dated so much later than its Kafka record; off: never",
    kind: is.orOff(is.times(DAY_MS, is.decimal(0, CALENDAR_DAYS_MAX, " of days"))),
    commands: ["process"],
  }),
  idleTimeoutMs: setting({
    flag: "idle-timeout",
    variable: "TIDEMARK_IDLE_TIMEOUT",
    placeholder: "seconds",
    default: "off",
    meaning:
      "a partition silent for so long follows the others' watermark; then timing can decide which ratings are late",
    kind: is.orOff(is.times(SECOND_MS, is.decimal(0.1, TIMER_SECONDS_MAX, " of seconds"))),
    commands: ["process"],
  }),
  retainDays: setting({
    flag: "retain",
    variable: "TIDEMARK_RETAIN",
    placeholder: "days",
    default: "off",
    meaning: "mode A: forget windows that old, and reject ratings that come for them; off: keep all",
    kind: is.orOff(is.whole(1, CALENDAR_DAYS_MAX, " of days")),
    commands: ["process"],
  }),
  maxMovies: setting({
    flag: "max-movies",
    variable: "TIDEMARK_MAX_MOVIES",
    placeholder: "movies",
    default: "1000000",
    meaning: "a partition holds at most so many movies; ratings of further ones are rejected",
    kind: is.whole(1, MOVIES_MAX),
    commands: ["process"],
  }),
  maxWindows: setting({
    flag: "max-windows",
    variable: "TIDEMARK_MAX_WINDOWS",
    placeholder: "windows",
    default: "1000",
    meaning: "a partition holds at most so many open windows; ratings for further ones are rejected",
    kind: is.whole(1, WINDOWS_MAX),
    commands: ["process"],
  }),
  drop: toggle("drop", "TIDEMARK_DROP", "do what cleanup does first: all topics, results and checkpoints go", [
    "setup",
  ]),
  yes: toggle("yes", "TIDEMARK_YES", "do not ask before removing", ["setup", "cleanup"]),
  logLevel: setting({
    flag: "log-level",
    variable: "TIDEMARK_LOG",
    placeholder: "level",
    default: "info",
    meaning: "error, warn, info or debug",
    kind: is.oneOf(...LOG_LEVELS),
    commands: COMMAND_NAMES,
  }),
} as const;
