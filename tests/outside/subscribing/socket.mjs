// Listens over a WebSocket as a page does, which can send no headers: the token is named as a subprotocol.
const { ANNAL, TOKEN, SUBJECT, COUNT } = process.env;
const url = `${ANNAL.replace("http", "ws")}/v1/facts?subject=${SUBJECT}&since=beginning`;
const socket = new WebSocket(url, ["annal.facts", `annal.bearer.${TOKEN}`]);
let left = Number(COUNT);

socket.onmessage = (message) => {
  const { event, data } = JSON.parse(message.data);
  if (event === "reached") return;
  console.log(JSON.stringify({ type: event, subject: data.subject, name: data.data.name }));
  if (!--left) socket.close();
};
