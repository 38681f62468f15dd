// SPDX-License-Identifier: MIT
// Chart.js was not there when this program was built: globalThis.Chart stays undefined, and the dashboard says so.
