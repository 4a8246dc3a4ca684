/** Made by vite.config.ts: the captures of a case, compressed. */
declare module 'virtual:example' {
  const captures: { name: string; base64: string }[]
  export default captures
}
