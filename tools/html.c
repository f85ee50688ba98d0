// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTML that is well-formed XML too, of text, tables and pictures.
 */
#include "html.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

static const char style[] =
	"body { font: 16px/1.5 sans-serif; color: #222; background: #fff; margin: 0 auto;\n"
	"  max-width: 62rem; padding: 1rem; }\n"
	"h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }\n"
	"h2 { margin-top: 2.5rem; border-top: 1px solid #ccc; padding-top: 1rem; }\n"
	"p { overflow-wrap: anywhere; }\n"
	"div { overflow-x: auto; }\n"
	"table { border-collapse: collapse; font-size: 0.875rem; }\n"
	"th, td { padding: 0.2rem 0.6rem; border-bottom: 1px solid #ddd; text-align: left;\n"
	"  white-space: nowrap; }\n"
	"th { border-bottom: 2px solid #888; }\n"
	".number { text-align: right; font-variant-numeric: tabular-nums; }\n"
	".warning { background: #fff4d6; border-left: 4px solid #c80; padding: 0.3rem 0.8rem; }\n"
	"svg { display: block; min-width: 40rem; width: 100%; height: auto; }\n";

/* Prints text; XML has no control characters. */
static void escape(FILE *to, const char *string)
{
	char *valid = printable(string, FOR_TERMINAL);

	for (const char *c = valid; *c; c++)
		switch (*c) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		default:
			putc(*c, to);
		}
	free(valid);
}

void html_begin(FILE *to, const char *title)
{
	fputs(HTML_BEGIN VERSION "\"/>\n", to);
	html_text(to, "title", "%s", title);
	fprintf(to, "<style>\n%s</style>\n</head>\n<body>\n", style);
	html_text(to, "h1", "%s", title);
}

void html_end(FILE *to)
{
	fputs("</body>\n</html>\n", to);
}

void html_text(FILE *to, const char *element, const char *format, ...)
{
	int name = strcspn(element, " ");
	va_list args;
	char *string;

	va_start(args, format);
	string = vtext(format, args);
	va_end(args);
	fprintf(to, "<%s>", element);
	escape(to, string);
	fprintf(to, "</%.*s>\n", name, element);
	free(string);
}

static void print_cell(FILE *to, const char *name, const char *cell, bool right)
{
	char *shown = value_text(name, cell);

	fputs(right ? "<td class=\"number\">" : "<td>", to);
	escape(to, shown);
	fputs("</td>", to);
	free(shown);
}

void html_table(FILE *to, const struct table *table, const char *list)
{
	size_t count, *columns = table_columns(table, list, &count);
	bool *right = checked(calloc(count + 1, sizeof(*right)));

	fputs("<div><table>\n<tr>", to);
	for (size_t i = 0; i < count; i++) {
		right[i] = table_is_numeric(table, columns[i]);
		fputs(right[i] ? "<th class=\"number\">" : "<th>", to);
		escape(to, table_column(table, columns[i]));
		fputs("</th>", to);
	}
	fputs("</tr>\n", to);
	for (size_t row = 0; row < table_rows(table); row++) {
		fputs("<tr>", to);
		for (size_t i = 0; i < count; i++)
			print_cell(to, table_column(table, columns[i]),
				   table_at(table, row, columns[i]), right[i]);
		fputs("</tr>\n", to);
	}
	fputs("</table></div>\n", to);
	free(right);
	free(columns);
}

/* A page has several pictures: their ids get a number, and the page needs no namespaces. */
void html_picture(FILE *to, const char *svg, int number, const char *label)
{
	static const struct {
		const char *from, *to;	/* a number follows if it ends in p */
		const char *end;	/* cut up to there */
	} changes[] = {
		{ "xlink:href='#", "href='#p", NULL },
		{ "xlink:href=\"#", "href=\"#p", NULL },
		{ " id='", " id='p", NULL },
		{ " id=\"", " id=\"p", NULL },
		{ "url(#", "url(#p", NULL },
		{ " xmlns=\"", "", "\"" },
		{ " xmlns:xlink=\"", "", "\"" },
		{ "<title>", "", "</title>" },
		{ "<desc>", "", "</desc>" },
	};
	const char *c = strstr(svg, "<svg");

	fputs("<div>", to);
	while (c && *c) {
		size_t i = 0, length;

		while (i < COUNT(changes) && strncmp(c, changes[i].from, strlen(changes[i].from)))
			i++;
		if (i == COUNT(changes)) {
			putc(*c++, to);
			continue;
		}
		length = strlen(changes[i].from);
		fputs(changes[i].to, to);
		if (*changes[i].to)
			fprintf(to, "%d-", number);
		c += length;
		if (changes[i].end) {
			c = strstr(c, changes[i].end);
			c = c ? c + strlen(changes[i].end) : NULL;
		}
	}
	fputs("</div>\n", to);
	html_text(to, "p class=\"label\"", "%s", label);
}
