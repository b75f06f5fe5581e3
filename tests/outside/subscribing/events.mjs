// Listens with an EventSource that can show a token: it connects again by itself, with the id that it had last.
import { EventSource } from "eventsource";

const { ANNAL, TOKEN, SUBJECT, COUNT } = process.env;
const show = (url, init) => fetch(url, { ...init, headers: { ...init.headers, Authorization: `Bearer ${TOKEN}` } });
const source = new EventSource(`${ANNAL}/v1/facts?subject=${SUBJECT}&since=beginning`, { fetch: show });
let left = Number(COUNT);

for (const type of ["resource.registered", "resource.renamed"]) {
  source.addEventListener(type, (event) => {
    const { subject, data } = JSON.parse(event.data);
    console.log(JSON.stringify({ type, subject, name: data.name }));
    if (!--left) source.close();
  });
}
source.addEventListener("ended", (event) => console.error(JSON.parse(event.data).detail));
