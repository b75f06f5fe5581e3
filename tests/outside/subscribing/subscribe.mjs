// Reads facts of resources with kafkajs, and says each once: a record that was read before is no fact.
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import kafkajs from "kafkajs";

const { KAFKA, ANNAL, SUBJECT, COUNT } = process.env;
const kafka = new kafkajs.Kafka({ brokers: [KAFKA], logLevel: kafkajs.logLevel.NOTHING });
const registry = new SchemaRegistry({ host: ANNAL });
const consumer = kafka.consumer({ groupId: "subscriber.javascript" });
const seen = new Set(); // in your database, beside what you make of the facts
let left = Number(COUNT);

await consumer.connect();
await consumer.subscribe({ topics: ["resource.facts"], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const { ce_id: id, ce_type: type, ce_subject: subject } = message.headers;
    if (!left || seen.has(`${id}`)) return;
    seen.add(`${id}`);
    const fact = await registry.decode(message.value);
    if (`${subject}` !== SUBJECT) return;
    console.log(JSON.stringify({ type: `${type}`, subject: `${subject}`, name: fact.name ?? null }));
    if (!--left) setImmediate(() => consumer.disconnect().then(() => process.exit(0)));
  },
});
