/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * HTML that is well-formed XML too, of text, tables and pictures.
 */
#ifndef HELLOCTL_HTML_H
#define HELLOCTL_HTML_H

#include <stdio.h>

struct table;

/* Each page begins with this: helloctl recognizes its own. The version follows. */
#define HTML_BEGIN \
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n" \
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n" \
	"<meta name=\"generator\" content=\"helloctl "

void html_begin(FILE *to, const char *title);
void html_end(FILE *to);
/* Prints an element of text. */
__attribute__((format(printf, 3, 4)))
void html_text(FILE *to, const char *element, const char *format, ...);
/* Prints the columns of @list, or NULL for all. */
void html_table(FILE *to, const struct table *table, const char *list);
/* Prints gnuplot's SVG as an element of the page. @number makes its ids unique. */
void html_picture(FILE *to, const char *svg, int number, const char *label);

#endif /* HELLOCTL_HTML_H */
