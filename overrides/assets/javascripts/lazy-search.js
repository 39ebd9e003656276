// Stands where the page expects Material's search engine, and loads that engine and the index
// with the first query, so that they don't weigh on the first view of a page. The messages are
// Material's own: {type: 0, data: index}, 1 ready, {type: 2, data: query}, {type: 3, data: result}.
let query, loading, ready = false
const send = data => dispatchEvent(new MessageEvent("message", { data }))

addEventListener("message", event => {
  if (ready || event.data.type !== 2) return
  event.stopImmediatePropagation()
  query = event.data
  if (query.data) loading ??= load().catch(error => { loading = undefined; console.warn(error) })
  else postMessage({ type: 3, data: { items: [] } })
})

async function load() {
  const response = await fetch(new URL("../../../search/search_index.json", location))
  const { config, docs } = await response.json()
  if (!self.lunr) importScripts("ENGINE")
  const post = self.postMessage
  self.postMessage = () => {
    self.postMessage = post
    ready = true
    send(query)
  }
  send({ type: 0, data: { config, docs, options: { suggest: false } } })
}

postMessage({ type: 1 })
