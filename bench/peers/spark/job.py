"""The job as Spark Structured Streaming does it: the 30-day aggregates upserted into PostgreSQL as they change, the
anomalies of windows that slide by a day appended to a Kafka topic once final, both from one topic, both with
checkpoints and a watermark of 1 day. Reads what the topic holds (trigger availableNow) and ends, so windows that are
then still open have their row, and no anomaly. Takes a JSON object in the variable WORKLOAD; prints
`{"firstBatchMs":…}`, as ms since 1970. Delivery is Spark's: rows are upserted again after a crash, anomalies written at
least once.
"""

import json
import os
from collections.abc import Iterator
from datetime import datetime

import psycopg
import pyarrow
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

TITLE_CHARACTERS_MAX = 128
WATERMARK = "1 day"
ROWS_HELD = 2_000_000
TABLE = """CREATE TABLE IF NOT EXISTS movie_ratings (
  window_start BIGINT, movie_id VARCHAR(32), title VARCHAR(128),
  rating_count INTEGER, rating_sum INTEGER, unique_rating_count INTEGER,
  PRIMARY KEY (window_start, movie_id)
)"""
BATCH_TABLE = "CREATE TEMPORARY TABLE batch (LIKE movie_ratings) ON COMMIT DELETE ROWS"
UPSERT = """INSERT INTO movie_ratings SELECT * FROM batch ON CONFLICT (window_start, movie_id) DO UPDATE SET
  title = EXCLUDED.title, rating_count = EXCLUDED.rating_count, rating_sum = EXCLUDED.rating_sum,
  unique_rating_count = EXCLUDED.unique_rating_count"""

workload = json.loads(os.environ["WORKLOAD"])
spark = SparkSession.builder.getOrCreate()
database = workload["database"]
connection = psycopg.connect(
    host=database["host"],
    port=database["port"],
    dbname=database["name"],
    user=database["user"],
    password=database["password"],
)
connection.execute(TABLE)
connection.execute(BATCH_TABLE)
connection.commit()


def read_titles(path: str) -> dict[int, str]:
    """The title is all that follows the second comma, unless that is one quoted field; the original is Latin-1."""
    titles: dict[int, str] = {}
    with open(path, encoding="latin-1") as file:
        for line in file:
            movie, _, title = line.rstrip("\r\n").split(",", 2)
            if len(title) > 1 and title[0] == title[-1] == '"':
                title = title[1:-1].replace('""', '"')
            titles.setdefault(int(movie), title)
    return titles


def ratings(watermark: bool = True) -> DataFrame:
    source = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", workload["brokers"])
        .option("subscribe", workload["topic"])
        .option("startingOffsets", "earliest")
        .option("kafka.max.partition.fetch.bytes", 4 * 1024 * 1024)
        .option("kafka.max.poll.records", 10_000)
        # More tasks than the topic has partitions: one for each core.
        .option("minPartitions", 2)
    )
    columns = F.split(F.col("value").cast("string"), ",")
    found = (
        source.load()
        .select(columns.alias("columns"))
        .selectExpr(
            "CAST(columns[0] AS TIMESTAMP) AS time",
            "CAST(columns[1] AS INT) AS movie",
            "CAST(columns[3] AS INT) AS rating",
        )
        .where("time IS NOT NULL AND movie IS NOT NULL AND rating IS NOT NULL")
    )
    return found.withWatermark("time", WATERMARK) if watermark else found


def windows_of_ratings() -> DataFrame:
    # A bit for every rating value there was: exact, and of one size.
    return ratings().groupBy(F.window("time", "30 days").alias("window"), "movie").agg(
        F.count("*").alias("count"), F.sum("rating").alias("sum"), F.expr("bit_or(shiftleft(1, rating))").alias("seen")
    )


def sums_by_day(batches: Iterator[pyarrow.RecordBatch]) -> Iterator[pyarrow.RecordBatch]:
    """What a task has read, in parts: one row for all ratings that a movie got on a day, movie after movie."""
    held: list[pyarrow.RecordBatch] = []

    def flush() -> list[pyarrow.RecordBatch]:
        table = pyarrow.Table.from_batches(held)
        held.clear()
        sums = table.group_by(["time", "movie"]).aggregate([("rating", "count"), ("rating", "sum")])
        named = sums.rename_columns(["time", "movie", "count", "sum"]).sort_by([("movie", "ascending")])
        return named.combine_chunks().to_batches()

    for batch in batches:
        held.append(batch)
        if sum(part.num_rows for part in held) >= ROWS_HELD:
            yield from flush()
    if held:
        yield from flush()


def windows_of_days() -> DataFrame:
    """
    A rating lies in D windows, and looking each up is what a task would spend its time on. Ratings of a day share
    theirs, so they are summed first; sorted by movie, neighbours share theirs as well, which the processor's cache
    likes. Nothing of this is kept between tasks, so nothing changes of what is late.
    """
    days = ratings(watermark=False).mapInArrow(sums_by_day, "time TIMESTAMP, movie INT, count BIGINT, sum BIGINT")
    window = F.window("time", f"{workload['anomalyDays']} days", "1 day").alias("window")
    sums = days.withWatermark("time", WATERMARK).groupBy(window, "movie")
    return sums.agg(F.sum("count").alias("count"), F.sum("sum").alias("sum"))


titles = read_titles(workload["titlesFile"])


def upsert(batch: DataFrame, _: int) -> None:
    """Rows by COPY into a table of the session's own, from there in one statement: far faster than row by row."""
    rows = batch.select(F.unix_seconds("window.start"), "movie", "count", "sum", F.expr("bit_count(seen)")).collect()
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy("COPY batch FROM STDIN") as copy:
            for start, movie, count, total, distinct in rows:
                title = titles.get(movie)
                if title is not None:
                    copy.write_row((start, movie, title[:TITLE_CHARACTERS_MAX], count, total, distinct))
        cursor.execute(UPSERT)


def start_rows():
    return (
        windows_of_ratings()
        .writeStream.outputMode("update")
        .foreachBatch(upsert)
        .option("checkpointLocation", f"{workload['folder']}/checkpoint-rows")
        .trigger(availableNow=True)
        .start()
    )


def start_anomalies():
    quoted = F.concat(F.lit('"'), F.replace("title", F.lit('"'), F.lit('""')), F.lit('"'))
    field = F.when(F.col("title").rlike('[",]'), quoted).otherwise(F.col("title"))
    start, end = (F.date_format(f"window.{edge}", "yyyy-MM-dd HH:mm:ss") for edge in ("start", "end"))
    named = spark.createDataFrame(list(titles.items()), "movie INT, title STRING").cache()
    return (
        windows_of_days()
        .withColumn("mean", F.col("sum") / F.col("count"))
        .where((F.col("count") >= workload["anomalyMinCount"]) & (F.col("mean") >= workload["anomalyMinMean"]))
        .join(F.broadcast(named), "movie")
        .select(
            F.col("movie").cast("string").alias("key"),
            F.concat_ws(",", start, end, field, "count", "mean").alias("value"),
        )
        .writeStream.outputMode("append")
        .format("kafka")
        .option("kafka.bootstrap.servers", workload["brokers"])
        .option("topic", workload["anomalyTopic"])
        .option("checkpointLocation", f"{workload['folder']}/checkpoint-anomalies")
        .trigger(availableNow=True)
        .start()
    )


queries = [start_rows(), start_anomalies()]
for query in queries:
    query.awaitTermination()
starts = [datetime.fromisoformat(query.recentProgress[0]["timestamp"]) for query in queries]
print(json.dumps({"firstBatchMs": round(min(starts).timestamp() * 1000)}))
spark.stop()
