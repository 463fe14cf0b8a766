// The npm package's way from prompt to bytes and through every other call; prints what each showed.
import { createReadStream } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

const [name, sourceId, right, wrong] = process.argv.slice(2);
const { default: OpenAI } = await import(name);
const client = new OpenAI({ maxRetries: 0 });
const videos = client.videos;

async function done(video) {
  while (video.status === "queued" || video.status === "in_progress") {
    await pause(100);
    video = await videos.retrieve(video.id);
  }
  return video;
}

async function content(variant) {
  const response = await videos.downloadContent(sourceId, { variant });
  return Buffer.from(await response.arrayBuffer()).subarray(0, 12).toString("hex");
}

async function walked(query) {
  const ids = [];
  for await (const video of videos.list(query)) ids.push(video.id);
  return ids;
}

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return [error.constructor.name, error.status, error.code, error.param];
  }
}

const prompt = "A lake at dawn";
const made = await videos.create({ prompt, seconds: "8", size: "1280x720" });
const pictured = await videos.create({ prompt, input_reference: createReadStream(right) });
const remixed = await videos.remix(sourceId, { prompt: "At night" });
const source = { id: sourceId };
const edited = await videos.edit({ prompt: "In snow", video: source });
const extended = await videos.extend({ prompt: "It clears up", seconds: "4", video: source });
const found = {
  made: await done(made),
  pictured: await done(pictured),
  remixed: await done(remixed),
  edited: await done(edited),
  extended: await done(extended),
  contents: {
    video: await content("video"),
    thumbnail: await content("thumbnail"),
    spritesheet: await content("spritesheet"),
  },
  asc: await walked({ limit: 2, order: "asc" }),
  desc: await walked({ limit: 2, order: "desc" }),
  deleted: await videos.delete(made.id),
  refusals: {
    deleted: await refusal(() => videos.retrieve(made.id)),
    size: await refusal(() => videos.create({ prompt, size: "1x1" })),
    picture: await refusal(() =>
      videos.create({ prompt, input_reference: createReadStream(wrong) }),
    ),
  },
};
process.stdout.write(JSON.stringify(found));
