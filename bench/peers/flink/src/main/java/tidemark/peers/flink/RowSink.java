/**
 * Writes final panes to the table, with their titles; a movie without one is left out. Promises that all rows before a
 * checkpoint's barrier are committed when the checkpoint is: upserts by the primary key, so that rows written again
 * after a failure are the same rows, once.
 */
package tidemark.peers.flink;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SinkWriter;
import org.apache.flink.api.connector.sink2.WriterInitContext;
import tidemark.peers.MovieRatings;
import tidemark.peers.Run;
import tidemark.peers.Titles;

/** Takes panes whose `day` is the first of their window. */
record RowSink(String url, String user, String titlesFile) implements Sink<Pane> {
    private static final long DAY_SECONDS = Duration.ofDays(1).toSeconds();

    @Override
    public SinkWriter<Pane> createWriter(WriterInitContext context) throws IOException {
        try {
            return new Writer(Titles.read(Path.of(titlesFile)), new MovieRatings(url, user, Run.password()));
        } catch (SQLException error) {
            throw new IOException(error);
        }
    }

    private record Writer(Map<Integer, String> titles, MovieRatings table) implements SinkWriter<Pane> {
        @Override
        public void write(Pane row, Context context) throws IOException {
            String title = titles.get(row.movie);
            if (title == null) return;
            try {
                table.put(row.day * DAY_SECONDS, row.movie, title, row.count, row.sum, row.ratings);
            } catch (SQLException error) {
                throw new IOException(error);
            }
        }

        @Override
        public void flush(boolean endOfInput) throws IOException {
            try {
                table.flush();
            } catch (SQLException error) {
                throw new IOException(error);
            }
        }

        @Override
        public void close() throws SQLException {
            table.close();
        }
    }
}
