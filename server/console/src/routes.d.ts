declare module 'carillon:routes' {
  /** By the name of the operation: its service, and `METHOD /path?selector=value`. */
  export const routes: Readonly<Record<string, readonly [service: 'messaging' | 'identity' | 'carillon', route: string]>>
}
