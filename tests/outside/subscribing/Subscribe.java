// Reads facts of resources with Kafka's own client, and says each once: a record that was read before is no fact.
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

public class Subscribe {
    public static void main(String[] arguments) {
        Map<String, Object> settings = Map.of(
            "bootstrap.servers", System.getenv("KAFKA"),
            "group.id", "subscriber.java",
            "auto.offset.reset", "earliest",
            "enable.auto.commit", "false");
        Set<String> seen = new HashSet<>(); // in your database, beside what you make of the facts
        int left = Integer.parseInt(System.getenv("COUNT"));
        // With Confluent's KafkaAvroDeserializer and schema.registry.url the values come as Avro records.
        var bytes = new ByteArrayDeserializer();
        try (var consumer = new KafkaConsumer<byte[], byte[]>(settings, bytes, bytes)) {
            consumer.subscribe(List.of("resource.facts"));
            while (left > 0) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    if (left == 0 || !seen.add(header(record, "ce_id"))) continue;
                    if (!header(record, "ce_subject").equals(System.getenv("SUBJECT"))) continue;
                    int schema = ByteBuffer.wrap(record.value(), 1, 4).getInt();
                    System.out.printf("{\"type\": \"%s\", \"subject\": \"%s\", \"schema\": %d}%n",
                        header(record, "ce_type"), header(record, "ce_subject"), schema);
                    left--;
                }
                consumer.commitSync();
            }
        }
    }

    static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value());
    }
}
