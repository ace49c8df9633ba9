# The quickstart in HCL: the same fleet, and to the byte the same plan as its YAML twin.
version     = 1
fleet       = "quickstart"
environment = "dev"

provider {
  sim {}
}

variable "machines" {
  type    = number
  default = 8
}

locals {
  region = "eastus2"
  zones  = ["1", "2"]
}

subscription "shared-eastus2" {
  id = "11111111-1111-1111-1111-111111111111"
}

quota_group "qg-shared-stamps" {
  management_group = "mg-platform"
  subscriptions    = ["shared-eastus2"]
  limits = [
    { region = local.region, family = "standardDSv5Family", cores = 640 },
  ]
}

capacity_reservation "crg-shared-eastus2" {
  subscription = "shared-eastus2"
  region       = local.region
  zones        = local.zones
  sku          = "Standard_D8s_v5"
}

ingress {
  subscription   = "shared-eastus2"
  resource_group = "rg-ingress"
  profile        = "fd-quickstart"
  group          = "stamps"
}

stamp "shared-eastus2" {
  for_each             = toset(["001", "002"]) # shared-eastus2-001, shared-eastus2-002
  kind                 = "shared"
  region               = local.region
  zones                = local.zones
  subscription         = "shared-eastus2"
  quota_group          = "qg-shared-stamps"
  capacity_reservation = "crg-shared-eastus2"

  compute {
    sku       = "Standard_D8s_v5"
    instances = var.machines
  }

  ingress {
    weight = 500
  }
}

pool "dedicated-eastus2" {
  kind   = "dedicated"
  region = local.region
  like   = "shared-eastus2-001"

  stamps {
    min = 0
    max = 3
  }
}

tenant "contoso" {
  users  = 150
  tier   = "standard"
  region = local.region
}

tenant "fabrikam" {
  users  = 900
  tier   = "enterprise"
  region = local.region
}

tenant "woodgrove" {
  users     = 40
  tier      = "basic"
  region    = local.region
  placement = "shared-eastus2-001"
}
