// Every Node since 14.8 can read this file and carillon.js, so that an old one says what is missing instead of where it stumbled.
const [major, minor] = process.versions.node.split('.').map(Number)

// Before 24.15 Node warns of its SQLite at every start, before 24.9 it takes every upgrade for a WebSocket, before 24.7 no statement runs.
if (major < 24 || (major === 24 && minor < 15)) {
  process.stderr.write('carillon: needs Node 24.15 or newer; this is Node ' + process.versions.node + ' (' + process.execPath + ').\n')
  process.exit(1)
}
