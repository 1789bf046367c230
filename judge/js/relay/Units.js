// A list that is paged and read again, as a Relay application has it.
import { graphql } from "relay-runtime";

export const query = graphql`
  query UnitsQuery($first: Int!, $after: String) {
    ...Units_list @arguments(first: $first, after: $after)
  }
`;

export const fragment = graphql`
  fragment Units_list on Query
  @argumentDefinitions(first: { type: "Int!" }, after: { type: "String" })
  @refetchable(queryName: "UnitsPaginationQuery") {
    units(first: $first, after: $after) @connection(key: "Units_units") {
      edges {
        node {
          unitId
          nameZh
        }
      }
    }
  }
`;
