//! The simulated cloud's names are the planner's.

use stampctl::model::StampId;
use stampctl::model::TenantId;
use stampctl::model::names as ours;
use stampctl_sim::names as theirs;

#[test]
fn the_cloud_and_the_planner_name_alike() {
    let stamps = [
        "s",
        "shared-eastus2-001",
        "shared-eastus2-999",
        "dedicated-fabrikam-westeurope",
        "dedicated-a-tenant-with-a-very-long-name-indeed-westeurope",
        "0-0",
    ];
    for text in stamps {
        let id: StampId = text.parse().expect("a stamp's id");
        for number in [0, 1, 2, 17, u32::MAX] {
            let physical = ours::generation(&id, number);
            let physical = physical.as_str();
            assert_eq!(physical, theirs::generation(text, number));
            assert_eq!(
                ours::resource_group(physical),
                theirs::resource_group(physical)
            );
            for zone in ["1", "2", "3"] {
                assert_eq!(
                    ours::scale_set(physical, zone),
                    theirs::scale_set(physical, zone)
                );
            }
            assert_eq!(ours::sql_server(physical), theirs::sql_server(physical));
            assert_eq!(
                ours::storage_account(physical),
                theirs::storage_account(physical)
            );
            assert_eq!(ours::origin(physical), theirs::origin(physical));
            assert_eq!(ours::health_alert(physical), theirs::health_alert(physical));
            assert_eq!(ours::lock(physical), theirs::lock(physical));
            assert_eq!(
                theirs::physical_of(&ours::resource_group(physical)),
                Some(physical)
            );
        }
    }
    for text in ["t", "contoso", "tenant-0001", "a-tenant-with-a-long-name"] {
        let id: TenantId = text.parse().expect("a tenant's id");
        assert_eq!(ours::tenant_database(&id), theirs::tenant_database(text));
        assert_eq!(ours::tenant_container(&id), theirs::tenant_container(text));
        assert_eq!(ours::api_user(&id), theirs::api_user(text));
        assert_eq!(ours::api_subscription(&id), theirs::api_subscription(text));
    }
    assert_eq!(ours::SHARED_DATABASE, theirs::SHARED_DATABASE);
}
