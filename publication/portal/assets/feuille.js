/* What is shown on a page, as a file: CSV, XLSX, Parquet, written in the browser without a request.
   `window.feuille[kind](headings, rows)` gives bytes; cells are texts or numbers. */
(function () {
  "use strict";
  var encoder = new TextEncoder();

  /* a spreadsheet program takes a text that starts so for a formula */
  function safe(text) { return /^[=+\-@\t\r]/.test(text) ? "'" + text : text; }

  function csv(headings, rows) {
    return encoder.encode([headings].concat(rows).map(function (row) {
      return row.map(function (cell) {
        var text = typeof cell === "number" ? String(cell) : safe(cell);
        return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
      }).join(",");
    }).join("\n") + "\n");
  }

  /* --- XLSX: a zip of a few XML files, stored without compression --- */
  function xml(text) {
    return safe(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function letter(column) { return String.fromCharCode(65 + column); }

  function xlsx(headings, rows) {
    var main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main", office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    var packaged = "http://schemas.openxmlformats.org/package/2006/", start = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
    var body = [headings].concat(rows).map(function (row, at) {
      return '<row r="' + (at + 1) + '">' + row.map(function (cell, column) {
        var place = '<c r="' + letter(column) + (at + 1) + '"' + (at ? "" : ' s="1"');
        if (cell === "") return "";
        return typeof cell === "number" ? place + "><v>" + cell + "</v></c>" : place + ' t="inlineStr"><is><t xml:space="preserve">' + xml(cell) + "</t></is></c>";
      }).join("") + "</row>";
    }).join("");
    var widths = [30, 8, 36, 20, 30, 10, 12, 7, 14, 12, 20, 50].slice(0, headings.length).map(function (width, at) {
      return '<col min="' + (at + 1) + '" max="' + (at + 1) + '" width="' + width + '" customWidth="1"/>';
    }).join("");
    return zip([
      ["[Content_Types].xml", start + '<Types xmlns="' + packaged + 'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>'],
      ["_rels/.rels", start + '<Relationships xmlns="' + packaged + 'relationships"><Relationship Id="r1" Type="' + office + '/officeDocument" Target="xl/workbook.xml"/></Relationships>'],
      ["xl/workbook.xml", start + '<workbook xmlns="' + main + '" xmlns:r="' + office + '"><sheets><sheet name="Affiché" sheetId="1" r:id="r1"/></sheets></workbook>'],
      ["xl/_rels/workbook.xml.rels", start + '<Relationships xmlns="' + packaged + 'relationships"><Relationship Id="r1" Type="' + office + '/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="' + office + '/styles" Target="styles.xml"/></Relationships>'],
      ["xl/styles.xml", start + '<styleSheet xmlns="' + main + '"><fonts count="2"><font><sz val="10"/><name val="Calibri"/></font><font><b/><sz val="10"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf fontId="0"/><xf fontId="1" applyFont="1"/></cellXfs></styleSheet>'],
      ["xl/worksheets/sheet1.xml", start + '<worksheet xmlns="' + main + '"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView></sheetViews><cols>' + widths + "</cols><sheetData>" + body + "</sheetData></worksheet>"]
    ]);
  }

  var CRC = (function () {
    var table = [];
    for (var n = 0; n < 256; n++) {
      var c = n;
      for (var k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
      table.push(c >>> 0);
    }
    return table;
  })();
  function crc(bytes) {
    var c = 0xffffffff;
    for (var i = 0; i < bytes.length; i++) c = CRC[(c ^ bytes[i]) & 255] ^ (c >>> 8);
    return (c ^ 0xffffffff) >>> 0;
  }
  function join(parts) {
    var size = parts.reduce(function (sum, part) { return sum + part.length; }, 0), all = new Uint8Array(size), at = 0;
    parts.forEach(function (part) { all.set(part, at); at += part.length; });
    return all;
  }
  function little(values) {
    /* [number, bytes] pairs */
    var out = [];
    values.forEach(function (pair) { for (var i = 0, v = pair[0]; i < pair[1]; i++) { out.push(v & 255); v = Math.floor(v / 256); } });
    return Uint8Array.from(out);
  }
  function zip(files) {
    var parts = [], directory = [], at = 0, day = 0x21;  /* 1 January 1980: the same rows give the same bytes */
    files.forEach(function (file) {
      var name = encoder.encode(file[0]), data = encoder.encode(file[1]), sum = crc(data);
      var common = [[20, 2], [0x800, 2], [0, 2], [0, 2], [day, 2], [sum, 4], [data.length, 4], [data.length, 4], [name.length, 2], [0, 2]];
      var head = join([little([[0x04034b50, 4]].concat(common)), name]);
      directory.push(join([little([[0x02014b50, 4], [20, 2]].concat(common, [[0, 2], [0, 2], [0, 2], [0, 4], [at, 4]])), name]));
      parts.push(head, data);
      at += head.length + data.length;
    });
    var index = join(directory);
    return join(parts.concat([index, little([[0x06054b50, 4], [0, 2], [0, 2], [files.length, 2], [files.length, 2], [index.length, 4], [at, 4], [0, 2]])]));
  }

  /* --- Parquet: one row group, plain values, no compression; a column of numbers only is DOUBLE, others are UTF-8 --- */
  function varint(n) {
    var out = [];
    do { var b = n & 127; n = Math.floor(n / 128); out.push(n ? b | 128 : b); } while (n);
    return out;
  }
  /* thrift compact protocol: fields as [id, type, value] in order of id */
  var I32 = 5, I64 = 6, BINARY = 8, LIST = 9, STRUCT = 12;
  function struct(fields) {
    var out = [], last = 0;
    fields.forEach(function (field) {
      out.push(((field[0] - last) << 4) | field[1]);
      last = field[0];
      out = out.concat(encoded(field[1], field[2]));
    });
    return out.concat([0]);
  }
  function encoded(type, value) {
    if (type === I32 || type === I64) return varint(value * 2);
    if (type === BINARY) { var bytes = Array.from(encoder.encode(value)); return varint(bytes.length).concat(bytes); }
    if (type === STRUCT) return struct(value);
    var size = value.items.length;
    var head = size < 15 ? [(size << 4) | value.of] : [0xf0 | value.of].concat(varint(size));
    return value.items.reduce(function (out, item) { return out.concat(encoded(value.of, item)); }, head);
  }

  function parquet(headings, rows) {
    var magic = encoder.encode("PAR1"), parts = [magic], at = 4, chunks = [], total = 0;
    var schema = [[[4, BINARY, "affiche"], [5, I32, headings.length]]];
    headings.forEach(function (name, column) {
      var cells = rows.map(function (row) { return row[column]; });
      var present = cells.filter(function (cell) { return cell !== ""; });
      var numeric = present.length > 0 && present.every(function (cell) { return typeof cell === "number"; });
      schema.push(numeric ? [[1, I32, 5], [3, I32, 1], [4, BINARY, name]] : [[1, I32, 6], [3, I32, 1], [4, BINARY, name], [6, I32, 0]]);
      /* definition levels, one bit each: 0 where the cell is empty */
      var groups = Math.ceil(cells.length / 8), bits = new Uint8Array(groups);
      cells.forEach(function (cell, index) { if (cell !== "") bits[index >> 3] |= 1 << (index & 7); });
      var levels = join([Uint8Array.from(varint(groups * 2 + 1)), bits]);
      var values = numeric ? new Uint8Array(new Float64Array(present).buffer) : join(present.map(function (cell) {
        var bytes = encoder.encode(String(cell));
        return join([little([[bytes.length, 4]]), bytes]);
      }));
      var page = join([little([[levels.length, 4]]), levels, values]);
      var head = Uint8Array.from(struct([[1, I32, 0], [2, I32, page.length], [3, I32, page.length],
        [5, STRUCT, [[1, I32, cells.length], [2, I32, 0], [3, I32, 3], [4, I32, 3]]]]));
      var size = head.length + page.length;
      chunks.push([[2, I64, at], [3, STRUCT, [[1, I32, numeric ? 5 : 6], [2, LIST, { of: I32, items: [0, 3] }],
        [3, LIST, { of: BINARY, items: [name] }], [4, I32, 0], [5, I64, cells.length], [6, I64, size], [7, I64, size], [9, I64, at]]]]);
      parts.push(head, page);
      at += size;
      total += size;
    });
    var footer = Uint8Array.from(struct([[1, I32, 1], [2, LIST, { of: STRUCT, items: schema }], [3, I64, rows.length],
      [4, LIST, { of: STRUCT, items: [[[1, LIST, { of: STRUCT, items: chunks }], [2, I64, total], [3, I64, rows.length]]] }],
      [6, BINARY, "observatoire"]]));
    return join(parts.concat([footer, little([[footer.length, 4]]), magic]));
  }

  window.feuille = { csv: csv, xlsx: xlsx, parquet: parquet };
})();
