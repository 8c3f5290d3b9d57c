# A store for the scripts of the Certificates pane: IdenTrust and five others.  sh certs_setup.sh   ($work as in a script)
set -e
POSTURE_CONSOLE_CA_BUNDLE=$top_srcdir/tests/trust/identrust.pem
export POSTURE_CONSOLE_CA_BUNDLE
import() { "$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" --quiet certs import "$@"; }
certs=$top_srcdir/tests/ui/certs
import "$certs/corp.pem" --name 'Corp Inspection CA' --usage infrastructure,client-auth
import "$certs/old.pem" --name 'Old Lab Root' --allow-expired
import "$certs/wide.pem" --name '日本ルート認証局 一号' --usage cisco-services
import "$certs/hostile.pem"
"$top_builddir/posture-console" --config "$work/c.conf" --state-dir "$work/state" --quiet certs disable 'Old Lab Root' 2>/dev/null
