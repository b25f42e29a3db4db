// Every Node since 14.8 can read this file and carillon.js, so an old one prints which Node is needed instead of a syntax error.
const [major, minor] = process.versions.node.split('.').map(Number)

// Before 24.15 Node prints a warning about SQLite at every start, before 24.9 it treats every upgrade as a WebSocket, before 24.7 no
// statement runs.
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write('carillon: needs Node 24.15 or newer; this is Node ' + process.versions.node + ' (' + process.execPath + ').\n')
  process.exit(1)
}
