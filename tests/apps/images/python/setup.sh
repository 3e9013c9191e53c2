# Python alone: the apps bring their packages with them.
apt-get update -qq
apt-get install -y -qq python3
