// The only file that speaks to the server.

const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: response.headers.get("Content-Type")?.includes("json") ? await response.json() : null };
}

const get = async (path) => {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
};

export const fetchScene = async () => (await get("scene")).json();
export const fetchOutlines = async (plane, index) => (await get(`outlines/${plane}/${index}`)).json();
export const fetchPicture = async (plane, index) => new Int16Array(await (await get(`picture/${plane}/${index}`)).arrayBuffer());
export const fetchState = (edits, cuts, risks) => post("state", { edits, cuts, risks });
export const beginSaving = (edits) => post("save", { edits });
export const tryWorth = (edits) => post("worth/try", { edits });
export const fetchWorth = async () => (await get("worth")).json();
export const fetchSaving = async () => (await get("saving")).json();
