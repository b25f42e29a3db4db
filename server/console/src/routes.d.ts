declare module 'carillon:routes' {
  /** The route of each operation, as `METHOD /path?selector=value`, and its service. */
  export const routes: Readonly<Record<string, readonly [service: 'messaging' | 'identity' | 'carillon', route: string]>>
  /** The members of each operation's input from which IAM takes resources. */
  export const askedMembers: Readonly<Record<string, readonly string[]>>
}
