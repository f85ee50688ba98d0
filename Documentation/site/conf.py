# SPDX-License-Identifier: GPL-2.0-only
# Documentation/site/conf.py: Sphinx's settings for the site; Documentation/site/build uses it.
import os
import re

from docutils import nodes
from sphinx.util import logging

project = 'hello'
html_title = 'hello: a laboratory for kernel memory'
extensions = ['sphinx.ext.graphviz', 'myst_parser']
html_theme = 'furo'
html_theme_options = {'navigation_with_keys': True}
html_static_path = ['static']
html_css_files = ['style.css']
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
highlight_language = 'none'
graphviz_output_format = 'svg'
smartquotes = False


def drop_contents(app, docname, source):
    """The theme has a table of contents beside the text."""
    source[0] = re.sub(r'^\.\. contents::\n(   .*\n)*', '', source[0], flags=re.M)


def resolve_links(app, doctree, docname):
    """The documents link to files, so that they can be read without the site."""
    for node in doctree.findall(nodes.reference):
        uri = node.get('refuri', '')
        if not re.match(r'[\w./-]+(\.rst|\.md|\.c|\.patch|Kbuild)$', uri):
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(docname), uri))
        # README and CONTRIBUTING are in the parent directory of the documents.
        path = path.replace('../', '')
        if path.endswith(('.rst', '.md')):
            target, anchor = os.path.splitext(path)[0], ''
        else:
            name = re.sub(r'.*(lessons|exercises)/(modules/)?', '', path)
            name = re.sub(r'^(\d+)/', r'exercise \1: ', name)
            target, anchor = 'programs', '#' + nodes.make_id(name)
        if target not in app.env.found_docs:
            logging.getLogger(__name__).warning('no document %s', uri, location=node)
        node['refuri'] = app.builder.get_relative_uri(docname, target) + anchor


def setup(app):
    app.connect('source-read', drop_contents)
    app.connect('doctree-resolved', resolve_links)
