/* gen-feed: writes posture-feed(5) from the tables of the manifest. Usage: gen-feed > FILE */
#include <stdio.h>
#include <string.h>

#include "feed/manifest.h"
#include "roff.h"

static const char head[] =
	".\\\" Made from src/feed/attributes.def by \"make update-docs\".\n"
	".Dd November 25, 2026\n"
	".Dt POSTURE-FEED 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm posture-feed\n"
	".Nd feeds, offline bundles and mirrors of posture content\n"
	".Sh DESCRIPTION\n"
	"A feed is a folder that an https server serves:\n"
	".Bl -tag -width posture-update.xml.p7s\n"
	".It Pa posture-update.xml\n"
	"the manifest: which components there are, with size and SHA-256\n"
	".It Pa posture-update.xml.p7s\n"
	"its signature (optional)\n"
	".It Pa conditions.tar.gz , No ...\n"
	"the components\n"
	".El\n"
	".Pp\n"
	"Nothing runs on the server: any web server, object store or content\n"
	"delivery network will do.\n"
	"It is made by\n"
	".Dl posture-console feed build DIR --sign cert.pem key.pem\n"
	"over a folder of archives, and checked from the other side by\n"
	".Dl posture-console check --url https://HOST/PATH/posture-update.xml\n"
	".Sh THE MANIFEST\n"
	"XML 1.0 in UTF-8, at most 4 MiB, without a DOCTYPE, of at most 4096\n"
	"components:\n"
	".Bd -literal\n"
	"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	"<posture-update version=\"2026.11.20.1\"\n"
	"    published=\"2026-11-20T08:00:00Z\" expires=\"2027-02-20T00:00:00Z\">\n"
	"  <component id=\"cisco-conditions\" version=\"2026.11.20.1\"\n"
	"      href=\"conditions.tar.gz\" size=\"48213\" sha256=\"...\"/>\n"
	"</posture-update>\n"
	".Ed\n"
	".Pp\n"
	"Elements and attributes that are not named here are ignored, so that a\n"
	"feed can be extended.\n"
	"Two components must not have the same id, or the same href, in whatever\n"
	"case.\n";

static const char middle[] =
	".Ss Known components\n"
	"These have a row of their own in the update information.\n"
	"A zip without a manifest is accepted as an unsigned bundle if it holds\n"
	"files of these names.\n"
	".Bl -column -offset indent avas-chart-windows avas-chart-windows.tar.gz\n";

static const char tail[] =
	".El\n"
	".Sh COMPONENTS\n"
	"A tar archive, plain or compressed with gzip, xz or zstd, is unpacked\n"
	"into the folder of its component; any other file is put there as it is.\n"
	"Only files and folders are taken: links, devices, names that lead out of\n"
	"the folder, and names that differ only in case are refused, and nothing\n"
	"of the update is installed then.\n"
	"Archives of a size or a ratio that no honest feed has are refused too.\n"
	".Sh THE SIGNATURE\n"
	"A detached CMS signature (RFC 5652) over the bytes of the manifest, in\n"
	"DER or PEM, with the signer's certificate and those between it and a root\n"
	"inside.\n"
	"The root must be in the trusted certificates of the node, enabled, and\n"
	"trusted for Cisco services; a signer that says what its key is for must\n"
	"say code signing or e-mail protection.\n"
	"The setting\n"
	".Ic source.signature\n"
	"says whether a manifest without one is accepted; a signature that is\n"
	"there must be good.\n"
	"Made by hand, it is\n"
	".Bd -literal\n"
	"openssl cms -sign -binary -in posture-update.xml -signer cert.pem \\e\n"
	"    -inkey key.pem -certfile chain.pem -outform DER \\e\n"
	"    -out posture-update.xml.p7s\n"
	".Ed\n"
	".Sh OFFLINE BUNDLES\n"
	".Pa posture-offline.zip\n"
	"holds the same files at its top, or below one folder.\n"
	"It passes the same checks as a feed.\n"
	"Made by\n"
	".Dl posture-console bundle build DIR -o posture-offline.zip\n"
	"and looked into by\n"
	".Ic bundle list\n"
	"and\n"
	".Ic bundle verify .\n"
	"Members are stored or deflated; encrypted ones are refused.\n"
	".Sh MIRRORS\n"
	".Dl posture-console mirror --to /srv/www/posture\n"
	"copies a feed, verified like an update, into a folder that serves as a\n"
	"feed for other nodes, with a\n"
	".Pa posture-offline.zip\n"
	"beside it.\n"
	"The signature is copied as it is, so nodes need not trust the mirror.\n"
	"It can run while nodes pull: components are put there before the manifest\n"
	"that names them, and what the manifest before named can be had for another\n"
	"day, components as\n"
	".Pa by-hash/SHA256\n"
	"and the signature as\n"
	".Pa by-hash/SHA256-of-the-manifest.p7s .\n"
	"A node that finds something else than its manifest says asks for that.\n"
	"A run that is broken off is resumed by the next.\n"
	"Run it from a timer, and point the setting\n"
	".Ic source.feed_url\n"
	"of the nodes to the mirror.\n"
	".Sh SERVING A FEED\n"
	"Nodes ask for the manifest with the ETag or the time that they got last:\n"
	"let the server answer 304, which costs a few hundred bytes.\n"
	"Broken downloads are resumed by ranges guarded by If-Range, so give\n"
	"components a strong ETag or a Last-Modified time.\n"
	"TLS 1.2 or newer, a chain with its intermediates, and the name of the\n"
	"address in the certificate; redirects lead to https only.\n"
	"A server that wants less traffic answers 429 or 503 with Retry-After,\n"
	"which nodes heed up to two minutes.\n"
	"Do not transform the bodies: a Content-Encoding breaks the hashes.\n"
	"Behind a content delivery network let manifest and signature expire\n"
	"quickly, and publish components under new names or purge them: a manifest\n"
	"with components of another version is refused as\n"
	".Li feed-mixed-generations .\n"
	".Sh SEE ALSO\n"
	".Xr posture-console 1 ,\n"
	".Xr posture-console.conf 5 ,\n"
	".Xr posture-findings 7\n";

static void put_element(const char *element)
{
	size_t n;
	const struct manifest_attribute *rows = manifest_attributes(&n);

	printf(".Ss The element %s\n.Bl -tag -width Ds\n", element);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(rows[i].element, element) != 0)
			continue;
		printf(".It Li %s Pq %s\n", rows[i].name, rows[i].required ? "required" : "optional");
		roff_sentences(rows[i].help, strlen(rows[i].help));
		fputs("Allowed: ", stdout);
		roff_put(rows[i].form, strlen(rows[i].form));
		puts(".");
	}
	puts(".El");
}

int main(void)
{
	const struct known_component *known;

	fputs(head, stdout);
	put_element("posture-update");
	put_element("component");
	fputs(middle, stdout);
	for (size_t i = 0; (known = manifest_known_at(i)) != NULL; i++)
		printf(".It Li %s Ta Pa %s\n", known->id, known->href);
	fputs(tail, stdout);
	return 0;
}
