"""The job as a batch engine does it: DuckDB over the CSV files, no Kafka, nothing kept for the next rating. Writes two
files into a folder: rows.csv, lines of `window_start,movie_id,count,sum,distinct` in the order of `LC_ALL=C sort`, and
anomalies.csv, the anomaly lines of every window that holds a rating, as if the stream ended there, in that order too.
Takes a JSON object in the variable WORKLOAD; prints `{"startMs":…}`, when it began to read, as ms since 1970. Shares
nothing with Tidemark: it is what Tidemark's results are checked by.
"""

import json
import os
import time

import duckdb

workload = json.loads(os.environ["WORKLOAD"])
folder = workload["folder"]
days = int(workload["anomalyDays"])
connection = duckdb.connect()
connection.execute(f"SET threads = {len(os.sched_getaffinity(0))}")
connection.execute("SET preserve_insertion_order = false")
connection.execute(f"SET temp_directory = '{folder}/spill'")


def titles() -> list[tuple[int, str]]:
    """The title is all that follows the second comma, unless that is one quoted field; the original is Latin-1."""
    found: dict[int, str] = {}
    with open(workload["titlesFile"], encoding="latin-1") as file:
        for line in file:
            movie, _, title = line.rstrip("\r\n").split(",", 2)
            if len(title) > 1 and title[0] == title[-1] == '"':
                title = title[1:-1].replace('""', '"')
            found.setdefault(int(movie), title)
    return list(found.items())


print(json.dumps({"startMs": round(time.time() * 1000)}))
connection.execute("CREATE TABLE titles (movie INTEGER, title VARCHAR)")
with open(f"{folder}/titles.csv", "w", encoding="utf-8", newline="") as file:
    for movie, title in titles():
        file.write(f'{movie},"{title.replace(chr(34), chr(34) * 2)}"\n')
connection.execute(
    f"INSERT INTO titles FROM read_csv('{folder}/titles.csv', header = false, auto_detect = false, delim = ',', "
    "quote = '\"', escape = '\"', columns = {'movie': 'INTEGER', 'title': 'VARCHAR'})"
)

# Days since 1970, with a bit for every rating value there was. All else is made of this: it is far smaller.
connection.execute(
    f"""CREATE TABLE days AS
    SELECT date - DATE '1970-01-01' AS day, movie, count(*) AS count, sum(rating)::BIGINT AS sum,
      bit_or(1 << rating) AS seen
    FROM read_csv('{workload["ratingsFolder"]}/*.csv', header = true, auto_detect = false, delim = ',', quote = '',
      escape = '', columns = {{'date': 'DATE', 'movie': 'INTEGER', 'user': 'VARCHAR', 'rating': 'INTEGER'}})
    GROUP BY ALL"""
)
connection.execute(
    f"""COPY (
      SELECT strftime(DATE '1970-01-01' + (day // 30 * 30)::INTEGER, '%Y-%m-%d') || ',' || movie || ',' || sum(count)
        || ',' || sum(sum) || ',' || bit_count(bit_or(seen)) AS line
      FROM days SEMI JOIN titles USING (movie) GROUP BY day // 30, movie ORDER BY line
    ) TO '{folder}/rows.csv' (HEADER false, DELIMITER '\x01', QUOTE '')"""
)
# Every day of every movie, so that a frame of D days ends at each; windows that end after the last rating too.
connection.execute(
    f"""COPY (
      WITH spine AS (
        SELECT movie, unnest(range(min(day), max(day) + {days})) AS day FROM days SEMI JOIN titles USING (movie)
        GROUP BY movie
      ), windows AS (
        SELECT movie, day + 1 AS finish, sum(count) OVER span AS count, sum(sum) OVER span AS sum
        FROM spine LEFT JOIN days USING (movie, day)
        WINDOW span AS (PARTITION BY movie ORDER BY day RANGE BETWEEN {days - 1} PRECEDING AND CURRENT ROW)
      )
      SELECT strftime(DATE '1970-01-01' + (finish - {days})::INTEGER, '%Y-%m-%d 00:00:00') || ',' ||
        strftime(DATE '1970-01-01' + finish::INTEGER, '%Y-%m-%d 00:00:00') || ',' ||
        CASE WHEN regexp_matches(title, '[",]') THEN '"' || replace(title, '"', '""') || '"' ELSE title END || ',' ||
        count || ',' || (sum::DOUBLE / count::DOUBLE) AS line
      FROM windows JOIN titles USING (movie)
      WHERE count >= {workload["anomalyMinCount"]} AND sum::DOUBLE / count::DOUBLE >= {workload["anomalyMinMean"]}
      ORDER BY line
    ) TO '{folder}/anomalies.csv' (HEADER false, DELIMITER '\x01', QUOTE '')"""
)
