version     = 1
fleet       = "contoso"

variable "users" {
  type    = number
  default = 40
}

locals {
  region = "eastus2"
  sizes  = { small = 2, large = 8 }
}

provider "sim" {
}

policy {
  placement {
    dedicated_users_gt = 500
    bands = { plan = 70, provision = 85, pause = 90, deny = 95 }
  }
  timeouts = { creating = "30m" }
}

subscription "sub-a" {
  id = "11111111-1111-1111-1111-111111111111"
}

subscription "sub-b" {
  id = "22222222-2222-2222-2222-222222222222"
}

quota_group "qg" {
  management_group = "mg"
  subscriptions    = ["sub-a"]
  limit {
    region = local.region
    family = "standardDSv5Family"
    cores  = 640
  }
}

capacity_reservation "crg" {
  subscription = "sub-a"
  region       = local.region
  zones        = ["1", "2"]
  sku          = "Standard_D8s_v5"
}

stamp "shared-eastus2-001" {
  kind                 = "shared"
  region               = local.region
  zones                = ["1", "2"]
  subscription         = "sub-a"
  quota_group          = "qg"
  capacity_reservation = "crg"
  compute {
    sku       = "Standard_D8s_v5"
    instances = local.sizes.large
  }
  accepting = true
}

pool "shared-eastus2" {
  region = local.region
  stamps = { min = 1, max = 9 }
  like   = "shared-eastus2-001"
}

pool "again" {
  like = "shared-eastus2-001"
}

tenant "contoso" {
  users  = var.users
  tier   = "standard"
  region = local.region
}

tenant "woodgrove" {
  users     = 10
  region    = local.region
  placement = "shared-eastus2-001"
}
# error: E0221 line 70
