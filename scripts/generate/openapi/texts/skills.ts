/** Skills: instructions and files for agents. Those of an organization have the same operations at `@organization/name`. */
import type { Texts } from '../texts.js'

/** Of a skill without an organization. */
const alone: Texts = {
  getSkill: ['Get a skill', 'With its newest version\'s number, aliases and tags.'],
  updateSkill: ['Change a skill', 'Description or icons; what is left out stays.'],
  deleteSkill: ['Delete a skill', 'For good, with its versions and the files that were uploaded for them.'],
  setSkillTag: ['Set a tag of a skill', 'A value that is there is replaced.'],
  deleteSkillTag: ['Delete a tag of a skill', 'The tag must be there.'],
  createSkillVersion: [
    'Register a version of a skill',
    'As JSON: where its files are, in Git, an OCI image or a ZIP file, which MLflow does not fetch. As `multipart/form-data`: the files, as a gzipped tar.'
  ],
  searchSkillVersions: ['Search versions of a skill', 'By a condition on status and tags; in pages.'],
  getSkillVersion: ['Get a version of a skill', 'By its number.'],
  updateSkillVersion: ['Change a version of a skill', 'Its status.'],
  deleteSkillVersion: ['Delete a version of a skill', 'Its number is not used again.'],
  setSkillVersionTag: ['Set a tag of a version of a skill', 'A value that is there is replaced.'],
  deleteSkillVersionTag: ['Delete a tag of a version of a skill', 'The tag must be there.'],
  setSkillAlias: ['Point an alias at a version of a skill', 'An alias that is there is moved.'],
  deleteSkillAlias: ['Delete an alias of a skill', 'The version stays.'],
  getSkillVersionByAlias: ['Get the version of a skill that an alias points at', 'Such as `production`.']
}

/** The same operation on a skill of an organization. */
function inOrganization ([id, [summary, description]]: [string, Texts[string]]): [string, Texts[string]] {
  return [id.replace('Skill', 'OrganizationSkill'), [summary.replace('a skill', 'a skill of an organization'), description]]
}

export const skills: Texts = {
  createSkill: ['Register a skill', 'Only its name, with or without an organization; versions come after.'],
  searchSkills: ['Search skills', 'By a condition on name, organization, status and tags; in pages.'],
  bulkRegisterSkills: [
    'Register versions of several skills',
    'Of one Git repository, at once or not at all. A version that is there already is answered as it is.'
  ],
  ...alone,
  ...Object.fromEntries(Object.entries(alone).map(([id, text]) => inOrganization([id, text])))
}
