/**
 * Makes a pane of a single rating from a record's bytes. Hands out the same object again and again, as the job reuses
 * objects and what follows in the chain keeps none. Lines that are no rating are counted as rejected and left out.
 */
package tidemark.peers.flink;

import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.connector.kafka.source.reader.deserializer.KafkaRecordDeserializationSchema;
import org.apache.flink.metrics.Counter;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import tidemark.peers.RatingLine;
import tidemark.peers.Run;

final class RatingReader implements KafkaRecordDeserializationSchema<Pane> {
    private static final long serialVersionUID = 1;

    private transient RatingLine line;
    private transient Pane pane;
    private transient Counter rejected;

    @Override
    public void open(DeserializationSchema.InitializationContext context) {
        line = new RatingLine();
        rejected = context.getMetricGroup().counter("rejected");
    }

    @Override
    public void deserialize(ConsumerRecord<byte[], byte[]> record, Collector<Pane> out) {
        if (pane == null) {
            pane = new Pane();
            Run.tookFirstRecord();
        }
        if (line.read(record.value())) out.collect(pane.setTo(line.day, line.movie, 1, line.rating, 1 << line.rating));
        else rejected.inc();
    }

    @Override
    public TypeInformation<Pane> getProducedType() {
        return TypeInformation.of(Pane.class);
    }
}
