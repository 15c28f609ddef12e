// Writes the 3,000,000 flights of vega-datasets to standard output as COPY's text format:
//
//     node tools/demo/flights.js [<now, RFC 3339>]
//
// The flights are those of 2001-01-01 to 2001-07-01. All are moved by the same number of whole weeks, so
// that weekdays and times of day stay what they were, and the range ends within the week after now; the
// few that would then lie in the future are moved back by 26 weeks, to where the range begins. So the
// newest flight is the last one in the timetable before now, and none is lost or made up. The data
// covers 181 days and 26 weeks have 182: the Sunday between the moved ones and the rest has no flights.
// sql/demo/advance.sql moves on from there when the demo is started again.

import { fileURLToPath } from 'node:url';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const CYCLE = 26 * WEEK;
const ROWS_PER_WRITE = 16_384;

const now = process.argv[2] === undefined ? Date.now() : Date.parse(process.argv[2]);
if (Number.isNaN(now)) {
    throw new Error(`not a time: ${process.argv[2]}`);
}

function write(text) {
    return new Promise((resolve, reject) => {
        process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    });
}

const data = new URL('node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url);
const file = await asyncBufferFromFile(fileURLToPath(data));
const metadata = await parquetMetadataAsync(file);

// The columns of one row group, rows start to end: whole arrays, no object for each row.
async function readColumns(start, end) {
    const columns = {};
    await parquetRead({
        file,
        metadata,
        compressors,
        rowStart: start,
        rowEnd: end,
        parsers: { timestampFromMicroseconds: (micros) => Number(micros / 1000n) },
        onChunk({ columnName, columnData, rowStart }) {
            columns[columnName] ??= new Array(end - start);
            for (let i = 0; i < columnData.length; i++) {
                columns[columnName][rowStart - start + i] = columnData[i];
            }
        },
    });
    return columns;
}

const rows = Number(metadata.num_rows);
const { date: newest } = await readColumns(rows - Number(metadata.row_groups.at(-1).num_rows), rows);
const shift = Math.ceil((now - newest.at(-1)) / WEEK) * WEEK;

let start = 0;
for (const group of metadata.row_groups) {
    const end = start + Number(group.num_rows);
    const { date, delay, distance, origin, destination } = await readColumns(start, end);
    let lines = [];
    let time = NaN;
    let text;
    for (let i = 0; i < end - start; i++) {
        // Ordered by time and to the minute: the same one many times over.
        if (date[i] !== time) {
            time = date[i];
            const moved = time + shift;
            text = new Date(moved > now ? moved - CYCLE : moved).toISOString();
        }
        lines.push(`${text}\t${delay[i]}\t${distance[i]}\t${origin[i]}\t${destination[i]}\n`);
        if (lines.length === ROWS_PER_WRITE) {
            await write(lines.join(''));
            lines = [];
        }
    }
    await write(lines.join(''));
    start = end;
}
