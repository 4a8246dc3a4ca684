// A worker that hands captures of the local server to the page, chunk by chunk as they are asked for. It alone may
// connect, to these captures and nothing else (the server says so in its content security policy), and it is told
// nothing but which of them is wanted.
'use strict'

// The page gives the end of a channel to its other worker; what comes through it is { url, port }, a capture and where
// its chunks go.
self.addEventListener('message', ({ data: requests }) => {
  requests.addEventListener('message', ({ data: { url, port } }) => feed(url, port))
  requests.start()
})

function feed(url, port) {
  const stopping = new AbortController()
  const opened = fetch(url, { signal: stopping.signal }).then((response) => {
    if (!response.ok) throw new Error(`the local server answers ${response.status}`)
    return response.body.getReader()
  })
  const next = async () => {
    try {
      const { value } = await (await opened).read()
      if (value === undefined) port.postMessage({ chunk: null })
      else port.postMessage({ chunk: value }, [value.buffer])
    } catch (error) {
      port.postMessage({ error: `the local server no longer gives this file (${error.message})` })
    }
  }
  port.addEventListener('message', ({ data }) => {
    if (data === 'next') void next()
    else stopping.abort()
  })
  port.start()
}
